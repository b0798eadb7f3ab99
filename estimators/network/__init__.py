"""The network, the ground floor: noises, losses, units, and the chain of Bernoulli layers.  Imports nothing of the package."""

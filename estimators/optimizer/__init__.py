"""Optimisers of latent weights, as torch optimisers: what is learned is a real number behind each binary weight.  They are given the
derivative by the weight in {-1, +1}, as the rules `identity`, `sign` and `mean` pass it.  Imports from network and base."""

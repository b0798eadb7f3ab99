"""What estimators that sample share: forward passes, flips, relaxations, learned controls.  Imports from network and base."""

"""Exact sums over states: the expected loss, its gradient, and the transfers they are made of.  Imports from network."""

"""Exact mean and variance of estimators, by messages over states.  Imports from network, sum and base."""

"""Stochastic units inside any torch module, and the network that such a module is: its passes run with the units' uniforms given, or with
their states forced.  Imports from network, base, sampling and the catalogue; estimators do not know it."""

"""Problems: plain values that build a network.  Imports from estimators."""

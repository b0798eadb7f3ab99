"""The look of every figure and the names of estimators in it.  Imports from store."""

"""The measurement of one cell: a problem, an estimator, its rows and seeds.  Imports from problem, accuracy and store."""

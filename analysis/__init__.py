"""Problems, the measurement of one cell, accuracy, checks, claims, figures and stored results: a room each.

Who measures is here, who asks is in experiments.  Rooms import downwards: store, accuracy, problem, cell, figure, check, claim.
"""

"""Learning as a cell: a network is trained with a rule, and what it reaches is the result.  Data with labels, models, courses that go
on after a kill, their evaluation."""

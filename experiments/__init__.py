"""The studies: one file each, a question, a grid of cells, a figure.  Rooms below: runner, command, bench, audit.

`python -m experiments` in the checkout is another way to say `straightedge`.
"""

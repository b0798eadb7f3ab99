"""The report: one page of all results, or of a measurement of one's own, that needs nothing but a browser."""

"""From rows to numbers: running sums, metrics, intervals, verdicts.  Tensors and tables only, no network."""

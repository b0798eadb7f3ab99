"""The ledger: what papers state, each statement decided by a computation."""

"""Other libraries' estimators, held against exact gradients."""

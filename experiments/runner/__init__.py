"""Runs studies: cells in parallel, resumed, complete tables, figures drawn only when something changed."""

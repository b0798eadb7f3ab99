"""The documentation's pages and drawings that are made from tables and code, and the site that shows them."""

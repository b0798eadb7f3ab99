"""Which estimators there are, by file, by class and by words.  The only room that knows them."""

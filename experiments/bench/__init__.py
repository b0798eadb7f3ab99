"""Speed beside other libraries, all in one process."""

"""Files and keys: nothing half-written, nothing unpickled.  Knows files only."""

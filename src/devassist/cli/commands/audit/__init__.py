"""`devassist audit`: the log, as a person asks it."""

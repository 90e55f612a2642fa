"""How conflicts between branches are found, shown, settled and kept in the log for a person."""

"""How a run executes: the values that all of its parts share."""

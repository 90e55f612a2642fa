"""How two commits merge, by git's own merge."""

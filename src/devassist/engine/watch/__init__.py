"""How the branches of a run are compared while agents work."""

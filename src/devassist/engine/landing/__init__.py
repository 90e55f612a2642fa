"""How a delivered task gets onto the result branch."""

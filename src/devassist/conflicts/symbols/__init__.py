"""Which pairs of branches break each other through a symbol."""

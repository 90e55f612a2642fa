"""Which model is called: its provider and server, its window and its price."""

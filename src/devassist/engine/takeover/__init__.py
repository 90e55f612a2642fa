"""How a finished run is merged, applied, published or undone."""

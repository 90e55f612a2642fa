"""How a model is called: retries, adjustments, cassettes, errors."""

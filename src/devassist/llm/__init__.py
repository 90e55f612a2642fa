"""How a model is called: routing, retries, prices, cassettes."""

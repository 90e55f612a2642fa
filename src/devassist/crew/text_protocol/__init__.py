"""What the harness does for a model that calls no tools: asks for text, and makes the calls that it amounts to."""

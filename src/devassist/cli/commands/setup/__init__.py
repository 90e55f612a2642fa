"""Configuration, environment, roles and the demo."""

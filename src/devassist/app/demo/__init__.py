"""The demo: a sample repository and the script that stands in for a model."""

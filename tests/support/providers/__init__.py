"""Providers of models as they are over HTTP: each refuses, in its own words, what the real one refuses."""

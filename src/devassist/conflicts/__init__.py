"""Levels of conflict detection between branches: tree and text, symbols, manifests. Needs no run and no model."""

"""Merges, applies, undoes or discards a run's result."""

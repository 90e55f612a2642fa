"""What becomes of a result: merged, applied, undone or discarded."""

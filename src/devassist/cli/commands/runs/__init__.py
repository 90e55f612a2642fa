"""Runs: started, watched, steered, shown and reported."""

"""The values and rules of a run; standard library only."""

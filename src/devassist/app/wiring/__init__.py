"""The composition root: the only readers of the environment, the clock and chance."""

"""The composition root: the only place where environment, clock and random numbers are read."""

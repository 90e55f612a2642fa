"""Which type checks and tests fail only once two branches are merged."""

"""Which model an agent gets, by a recorded decision where the configuration leaves it open."""

"""Which live branches cannot land together, and in which order the rest should."""

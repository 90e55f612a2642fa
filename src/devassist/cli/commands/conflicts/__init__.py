"""`devassist conflicts`: branches that cannot land together, found, shown and settled."""

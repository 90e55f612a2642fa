"""How checked-out trees are kept and reused from one check to the next."""

"""Checked-out trees that are reused from one check to the next."""

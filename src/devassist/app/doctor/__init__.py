"""Diagnoses the machine and the repository, and repairs damage to the state of runs."""

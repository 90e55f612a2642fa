"""How the integrator settles a conflict inside a run."""

"""Which pairs of branches touch the same lines or paths."""

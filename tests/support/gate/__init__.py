"""Changes that a gate judges: tricks and honest work, on small projects that are run for real."""

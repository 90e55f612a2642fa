"""Starts, watches, steers, shows and reports runs."""

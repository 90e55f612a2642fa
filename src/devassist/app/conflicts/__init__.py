"""Finds, shows and resolves conflicts between branches, and keeps them in the log."""

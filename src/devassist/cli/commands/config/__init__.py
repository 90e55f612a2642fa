"""Shows and changes settings."""

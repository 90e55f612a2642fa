"""What each command does: one use case per module."""

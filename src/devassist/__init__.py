"""Hand a goal to a crew of AI agents in git worktrees, and trust what comes back."""

__version__ = "0.1.0"

"""How linked worktrees are created, filled, scanned and committed."""

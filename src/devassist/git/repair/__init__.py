"""How damaged refs and worktrees are found and repaired."""

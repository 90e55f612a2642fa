"""How one task is worked on: prompts, worktrees, worker sessions, delivery."""

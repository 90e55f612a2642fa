"""`devassist worktrees`: the agents' worktrees, listed and cleaned up."""

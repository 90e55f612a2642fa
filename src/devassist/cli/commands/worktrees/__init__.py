"""`devassist worktrees`: lists and cleans up the agents' worktrees."""

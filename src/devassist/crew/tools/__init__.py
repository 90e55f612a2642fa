"""The tools of agents: their arguments, what each does in its agent's worktree, and the results that models read."""

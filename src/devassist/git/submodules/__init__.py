"""How the submodules of a worktree are found, filled and kept from changes."""

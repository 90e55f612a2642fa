"""All of pygit2: repositories, worktrees, commits and merges, without running git."""

import pygit2

# By default libgit2 syncs nothing: an audit row could outlive the commit it names.
pygit2.settings.enable_fsync_gitdir(value=True)

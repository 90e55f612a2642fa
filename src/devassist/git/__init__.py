"""The repository: the only package that uses pygit2 or runs git."""

import pygit2

# By default libgit2 syncs nothing: an audit row could outlive the commit it names.
pygit2.settings.enable_fsync_gitdir(value=True)

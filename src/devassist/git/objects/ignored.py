"""Whether git's ignore rules name a path, for names of any bytes."""

from __future__ import annotations

import pygit2

from devassist.git.objects.errors import translated


def is_ignored(repo: pygit2.Repository, path: str) -> bool:
    """
    Whether a rule names `path`, tracked or not; a slash at its end says that it is a directory.

    pygit2 takes text only. Where a name is none, a sign stands for each byte that is not UTF-8: `*.log` still matches.
    """
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with translated("look up an ignore rule"):
        return repo.path_is_ignored(text)

"""`devassist worktrees list`: the agents' worktrees."""

from __future__ import annotations

import typer

from devassist.app.documents import Json
from devassist.app.runs.worktrees import AgentWorktree, agent_worktrees
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.view.listing import Listing


def list_(context: typer.Context, output: Output = Format.text) -> None:
    """List the agents' worktrees with branch and state."""
    invocation = of(context)
    worktrees = agent_worktrees(invocation.project())
    if output is Format.json:
        listed = [worktree_document(worktree) for worktree in worktrees]
        print_json({"schema": "devassist.worktrees/1", "worktrees": listed})
        return
    listing = Listing(("worktree", "branch", "state", "path"), ids=("worktree", "branch", "path"))
    for worktree in worktrees:
        state = "missing" if worktree.missing else "dirty" if worktree.dirty else "clean"
        listing.add(worktree.name, worktree.branch or "(detached)", state, str(worktree.path))
    invocation.answers.print(listing)


def worktree_document(worktree: AgentWorktree) -> Json:
    """The part of a worktree in the answers of `worktrees list` and `worktrees path`."""
    return {
        "name": worktree.name,
        "path": str(worktree.path),
        "branch": worktree.branch,
        "head": worktree.head,
        "locked": worktree.locked,
        "missing": worktree.missing,
        "dirty": worktree.dirty,
    }

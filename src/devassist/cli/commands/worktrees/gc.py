"""`devassist worktrees gc`: remove worktrees that are kept elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from devassist.app.documents import Json
from devassist.app.runs.worktrees import Collected, collect_worktrees
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output


def gc(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be removed.")] = False,
    output: Output = Format.text,
) -> None:
    """Remove worktrees whose content is provably kept elsewhere."""
    invocation = of(context)
    collected = collect_worktrees(invocation.project(), dry_run=dry_run)
    if output is Format.json:
        print_json(gc_document(collected, dry_run=dry_run))
        return
    for worktree in collected:
        verb = "kept" if worktree.reason else "would remove" if dry_run else "removed"
        why = f": {worktree.reason}" if worktree.reason else ""
        invocation.answers.print(f"{verb} {worktree.path}{why}", markup=False)


def gc_document(collected: Sequence[Collected], *, dry_run: bool) -> Json:
    worktrees = [
        {"path": str(worktree.path), "branch": worktree.branch, "reason": worktree.reason}
        for worktree in collected
    ]
    return {"schema": "devassist.gc/1", "dry_run": dry_run, "worktrees": worktrees}

"""`devassist worktrees path`: the directory of one worktree."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.runs.worktrees import agent_worktrees
from devassist.cli.commands.worktrees.list_worktrees import worktree_document
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.domain.errors import NotFound


def path(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="RUN/TASK/ROLE, or a branch.")],
    output: Output = Format.text,
) -> None:
    """Print the directory of one worktree."""
    invocation = of(context)
    wanted = name.removeprefix("devassist/")
    for worktree in agent_worktrees(invocation.project()):
        if wanted in (worktree.name, (worktree.branch or "").removeprefix("devassist/")):
            if output is Format.json:
                print_json({"schema": "devassist.worktree/1", **worktree_document(worktree)})
                return
            print(worktree.path)  # noqa: T201  one path, for a shell
            return
    raise NotFound(f"there is no worktree {name!r}", hint="devassist worktrees list")

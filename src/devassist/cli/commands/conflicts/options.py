"""Parameters that several `conflicts` commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.conflicts import compare as comparing
from devassist.cli.run_argument import complete_branch, complete_conflict
from devassist.domain.conflicts import Level
from devassist.domain.errors import UsageError

Branches = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="BRANCH...",
        help="Branches; by default all live devassist branches.",
        autocompletion=complete_branch,
    ),
]


Every = Annotated[bool, typer.Option("--all", help="Every local branch that is ahead of the base.")]


Base = Annotated[
    str,
    typer.Option(
        "--base",
        metavar="REV",
        help="The revision to land on; HEAD by default.",
        autocompletion=complete_branch,
    ),
]


Committed = Annotated[bool, typer.Option("--committed", help="Leave out uncommitted work in the worktrees.")]


Id = Annotated[
    str, typer.Argument(metavar="ID", help="Conflict id, or its beginning.", autocompletion=complete_conflict)
]


Levels = Annotated[str, typer.Option("--levels", help="Some of tree,text,symbol,manifest.")]


def chosen_levels(text: str) -> tuple[Level, ...]:
    """Raises UsageError for a level that is not one of `--levels`, and if none is named."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError("no level is named", hint=f"Known: {', '.join(comparing.LEVELS)}")
    for name in names:
        if name not in comparing.LEVELS:
            raise UsageError(f"there is no level {name!r}", hint=f"Known: {', '.join(comparing.LEVELS)}")
    return tuple(Level(name) for name in names)

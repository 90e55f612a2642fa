"""Runs and other ids as arguments, and what a shell completes for them: with few imports, paid for at each Tab."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from devassist.app.wiring import completion
from devassist.app.wiring.host import Host
from devassist.cli.global_options import GlobalOptions


def _beginning(incomplete: str, find: Callable[[], Iterable[str]]) -> list[str]:
    try:
        return [name for name in find() if name.startswith(incomplete)]
    except Exception:  # noqa: BLE001  completion never complains
        return []


def _host(context: typer.Context) -> Host:
    options = context.find_object(GlobalOptions)
    return options.host if options is not None else Host()


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """Run ids, and after RUN/ the tasks of that run."""
    host = _host(context)
    run, slash, _ = incomplete.partition("/")
    if slash:
        return _beginning(incomplete, lambda: [f"{run}/{task}" for task in completion.known_tasks(host, run)])
    return _beginning(incomplete, lambda: ["@last", *completion.known_runs(host)])


def complete_task(context: typer.Context, incomplete: str) -> list[str]:
    """The tasks of the run that was typed before, else of the newest one."""
    run = context.params.get("run") or "@last"
    return _beginning(incomplete, lambda: completion.known_tasks(_host(context), str(run)))


def complete_request(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of open requests."""
    return _beginning(incomplete, lambda: completion.known_requests(_host(context)))


def complete_conflict(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of conflicts."""
    return _beginning(incomplete, lambda: completion.known_conflicts(_host(context)))


def complete_branch(context: typer.Context, incomplete: str) -> list[str]:
    """Local branches."""
    return _beginning(incomplete, lambda: completion.known_branches(_host(context)))


def complete_role(incomplete: str) -> list[str]:
    """Roles."""
    from devassist.domain.roles import Role

    return _beginning(incomplete, lambda: [str(role) for role in Role])


Run = Annotated[
    str, typer.Argument(metavar="RUN", help="Run id, its beginning, or @last.", autocompletion=complete_run)
]


def takes_run(run: Run) -> None:
    """Stands for every command whose first argument is a run, while a shell completes it."""

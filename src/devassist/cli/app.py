"""The command line: global options, the commands, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from devassist.app.wiring.host import VERSION, Host
from devassist.cli.command_table import AUDIT, CONFIG, CONFLICTS, ROOT, SECTIONS, WORKTREES
from devassist.cli.global_options import GlobalOptions
from devassist.cli.lazy_group import LazyGroup, load_command
from devassist.cli.own_command import call, pasteable
from devassist.cli.plain_text import complain
from devassist.cli.streams import abandon_streams, prepare_streams
from devassist.cli.workflow import disarm_streams, finish_streams, is_job
from devassist.domain.errors import DevassistError

# Newer versions of Typer have a click of their own, so the class is taken from Typer's own errors.
_Usage: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

_DISK = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOTDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
    }
)
"""Errors of a disk that are not bugs of ours."""


class Worktrees(LazyGroup):
    table = WORKTREES
    prefix = "worktrees"


class Configuration(LazyGroup):
    table = CONFIG
    prefix = "config"


class Audit(LazyGroup):
    table = AUDIT
    prefix = "audit"


class Conflicts(LazyGroup):
    """`conflicts` is a command itself: an argument that is not a subcommand is a branch (after `--`, always)."""

    table = CONFLICTS
    prefix = "conflicts"
    sections: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "Commands": tuple(name for name in CONFLICTS if name != "find")
    }

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help of comparing branches, which needs no word of its own, and then the other commands."""
        find = load_command("conflicts find", CONFLICTS["find"])
        formatter.write_usage(ctx.command_path, "[OPTIONS] [BRANCH]...")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", prefix="   or: ")
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(f"{self.help} A branch that is called like a command goes after --.")
        find.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)
        find.format_epilog(ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        helps = {"-h", "--help"}
        if not args or (args[0] not in self.commands and not helps & set(args[:1])):
            args = ["find", *args]
        return super().parse_args(ctx, args)


_PLAIN: dict[str, Any] = {"no_args_is_help": True, "rich_markup_mode": None}


class Root(LazyGroup):
    table = ROOT
    sections = SECTIONS
    groups: ClassVar[Mapping[str, LazyGroup]] = {
        "worktrees": Worktrees(
            name="worktrees", help="List, find and clean up the agents' worktrees.", **_PLAIN
        ),
        "config": Configuration(name="config", help="Show and change the configuration.", **_PLAIN),
        "conflicts": Conflicts(
            name="conflicts",
            help="Find conflicts between branches before anybody merges.",
            rich_markup_mode=None,
        ),
        "audit": Audit(name="audit", help="Query and verify the audit log.", **_PLAIN),
    }


app = typer.Typer(
    name="devassist",
    cls=Root,
    help="Hand a goal to a crew of AI agents in git worktrees, and trust what comes back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"devassist {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Option("-C", metavar="DIR", help="Run as if started in DIR, like git.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No narration on stderr.")] = False,
    verbose: Annotated[int, typer.Option("-v", count=True, help="More narration; -vv for all of it.")] = 0,
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Global options."""
    host = Host()
    if directory is not None:
        host = Host(environment=host.environment, directory=(host.directory / directory).resolve())
    context.obj = GlobalOptions(host=host, quiet=quiet, verbosity=verbose)


def main() -> None:
    """The console script. It is the only place where errors become exit codes."""
    prepare_streams()
    if is_job(Host().environment):
        disarm_streams()
    try:
        _run()
    finally:
        finish_streams()
        abandon_streams()


def _call() -> object:
    """Run the command; a reader of its output that leaves, as `head` does, is no error."""
    try:
        return app(standalone_mode=False)
    except BrokenPipeError:
        return 0
    except SystemExit:
        if type(sys.stdout).__name__ == "PacifyFlushWrapper":  # click has met the broken pipe before us
            return 0
        raise


def _run() -> None:
    try:
        code = _call()
    except DevassistError as error:
        complain(str(error), pasteable(error.hint, sys.argv, Host().environment))
        raise SystemExit(error.exit_code) from None
    except _Usage as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
        else:
            complain(error.format_message(), _usage_hint(error))
        raise SystemExit(2) from None
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted", "")
        raise SystemExit(130) from None
    except OSError as error:
        if error.errno not in _DISK:
            complain(f"internal error: {error!r}", f"the report is in {_bug_report(error)}")
            raise SystemExit(70) from None
        complain(f"{error.strerror}: {error.filename or 'the disk'}", _disk_hint(error))
        raise SystemExit(1) from None
    except Exception as error:  # noqa: BLE001  any bug is reported, with an exit code of its own
        complain(f"internal error: {error!r}", f"the report is in {_bug_report(error)}")
        raise SystemExit(70) from None
    raise SystemExit(code if isinstance(code, int) else 0)


def _disk_hint(error: OSError) -> str:
    """What to do about a disk: the state directory, or one above it, can be elsewhere."""
    state = Host().state_dir
    if error.filename and Path(str(error.filename)) in (state, *state.parents):
        return "DEVASSIST_STATE_DIR=DIR names another place"
    return call("doctor", sys.argv, Host().environment)


def _usage_hint(error: Any) -> str:
    context = getattr(error, "ctx", None)
    _, _, words = (
        (context.command_path if context is not None else "").removeprefix("python -m ").partition(" ")
    )
    return call(f"{words} --help".strip(), sys.argv, Host().environment)


def _bug_report(error: BaseException) -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="devassist-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as report:
        report.write("".join(traceback.format_exception(error)))
        return report.name

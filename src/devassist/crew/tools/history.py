"""The tools that read the repository's history and the task's changes, by git, with every output bounded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from devassist.crew.tools import shapes
from devassist.crew.tools.globs import literal
from devassist.crew.tools.paths import plain_path
from devassist.crew.tools.text.diffs import files_of, is_about, shown_diff
from devassist.crew.tools.text.texts import MOST_BYTES, fitting, is_binary, lines_of
from devassist.crew.tools.tool_context import ToolContext, ToolOutcome, ToolRefused
from devassist.domain.errors import Refused

_MOST_OUTPUT: Final = 4_000_000
_MOST_DIFF: Final = 30_000
_TIMEOUT_S: Final = 60.0
_PLAIN: Final = ("--no-ext-diff", "--no-textconv", "--no-color")
_HIDDEN: Final = re.compile(r"@\{|(?:^|/)stash(?:$|[\^~@:])|^-|[\0\n]")
"""Revisions that lead to the person's stash or their reflog, or that would be an option."""


def git_log(session: ToolContext, arguments: shapes.GitLog, _evidence: str) -> ToolOutcome:
    path = _readable(session, arguments.path)
    specs = ["--", literal(path)] if path else []
    follow = ["--follow"] if path and _is_file(session, path) else []
    format_ = "--format=%h %ad %an: %s"
    options = ["--topo-order", "--date=short", f"-n{arguments.limit}", format_, *_PLAIN, *follow]
    text = _git(session, "log", *options, "HEAD", *specs)
    lines = text.splitlines()
    shown = fitting(lines)
    more = [f"[... {len(lines) - len(shown)} more]"] if len(shown) < len(lines) else []
    nothing = f"(no commit changed {path})" if path else "(no commits)"
    return ToolOutcome(
        text="\n".join([*shown, *more]) or nothing,
        subject=arguments.path or "",
        summary=f"{len(lines)} commits listed",
    )


def git_blame(session: ToolContext, arguments: shapes.GitBlame, _evidence: str) -> ToolOutcome:
    """Who last changed each line of a file as it is now in the worktree."""
    path = _readable(session, arguments.path)
    session.files.read_bytes(path, 0)  # raises for what no tool may read, such as a link that leads out
    last = arguments.end_line
    span = f"{arguments.start_line},{'' if last is None else max(last, arguments.start_line)}"
    lines = _git(session, "blame", "--no-textconv", "--date=short", "-L", span, "--", path).splitlines()
    shown = fitting(lines)
    after = arguments.start_line + len(shown)
    more = [f"[... go on with start_line={after}]"] if len(shown) < len(lines) else []
    return ToolOutcome(
        text="\n".join([*shown, *more]), subject=path, read=(path,), summary=f"{path} was blamed"
    )


def git_show(session: ToolContext, arguments: shapes.GitShow, _evidence: str) -> ToolOutcome:
    """A commit with its diff, of all files or of one; for `rev:path` a file or directory as it was then."""
    rev, colon, of_path = arguments.rev.strip().partition(":")
    if _HIDDEN.search(rev) or not rev:
        raise ToolRefused(f"rev: {rev!r} is no commit that tools may name")
    commit = _git(
        session, "rev-parse", "--verify", "-q", "--end-of-options", f"{rev}^{{commit}}", missing=rev
    ).strip()
    if colon:
        text = _as_of(session, commit, _readable(session, of_path), rev)
    else:
        text = _commit(session, commit, _readable(session, arguments.path))
    return ToolOutcome(text=text, subject=arguments.rev, summary=f"{arguments.rev} was shown")


def show_diff(session: ToolContext, arguments: shapes.ShowDiff, _evidence: str) -> ToolOutcome:
    """What the task changed so far, in all files or below one path."""
    path = plain_path(session, arguments.path or "")
    patch = session.link.diff(session.role)
    files = [file for file in files_of(patch) if not path or is_about(file, path)]
    text = shown_diff(
        files, _MOST_DIFF, may_show=lambda _path: True, more="call show_diff with one of these as path"
    )
    nothing = f"(nothing is changed in {path})" if path else patch or "(nothing is changed)"
    return ToolOutcome(text=text or nothing, read=(path or "*",), summary="the diff was shown")


def _commit(session: ToolContext, commit: str, path: str) -> str:
    format_ = "--format=commit %H%nauthor: %an%ndate: %ad%n%n%B"
    head = _git(session, "show", "--no-patch", "--date=iso", format_, commit)
    specs = ["--", literal(path)] if path else []
    patch = _git(session, "show", "--format=", "-M", *_PLAIN, commit, *specs)
    diff = shown_diff(
        files_of(patch),
        MOST_BYTES,
        may_show=lambda name: _may_show(session, name),
        more="call git_show with one of these as path",
    )
    nothing = (
        f"(it does not change {path}; rev={f'{commit[:12]}:{path}'!r} shows it as of then)" if path else ""
    )
    return "\n".join([*fitting(head.rstrip().splitlines(), MOST_BYTES // 4), "", diff or nothing]).rstrip()


def _as_of(session: ToolContext, commit: str, path: str, rev: str) -> str:
    """A file with numbered lines, or the names in a directory."""
    place = f"{commit}:{path}"
    kind = _git(session, "cat-file", "-t", place, missing=f"{rev}:{path}").strip()
    if kind == "tree":
        names = _git(session, "ls-tree", "--name-only", "-z", place).split("\0")
        return "\n".join(fitting(names)).rstrip()
    if kind != "blob":
        raise ToolRefused(f"{path} is a submodule in {rev}")
    content = _git(session, "cat-file", "blob", place).encode("utf-8", "surrogateescape")
    if is_binary(content):
        raise ToolRefused(f"{path} is a binary file in {rev}")
    lines = [f"{number:>5}  {line}" for number, line in enumerate(lines_of(content), start=1)]
    shown = fitting(lines)
    more = [f"(lines 1-{len(shown):,} of {len(lines):,})"] if len(shown) < len(lines) else []
    return "\n".join([*shown, *more])


def _readable(session: ToolContext, path: str | None) -> str:
    """A path whose history may be read, though nothing may be there now. Raises PathRefused for others."""
    plain = plain_path(session, path or "")
    _is_file(session, plain)
    return plain


def _is_file(session: ToolContext, path: str) -> bool:
    try:
        session.files.read_bytes(path, 0)
    except OSError:
        return False
    return True


def _may_show(session: ToolContext, path: str) -> bool:
    try:
        _is_file(session, path)
    except Refused:
        return False
    return True


def _git(session: ToolContext, *arguments: str, missing: str = "") -> str:
    """The output of a command, or its beginning; raises ToolRefused if it fails. `missing` is what it looks for."""
    answer = session.git.run(*arguments, most=_MOST_OUTPUT, timeout_s=_TIMEOUT_S)
    if answer.timed_out:
        raise ToolRefused(f"git {arguments[0]} took more than {_TIMEOUT_S:.0f} s; name a path")
    if answer.code > 0:
        words: Sequence[str] = answer.error.removeprefix("fatal: ").splitlines() or ["it failed"]
        raise ToolRefused(f"there is no {missing} in the repository" if missing else f"git: {words[0]}")
    return answer.output.decode(
        "utf-8", "surrogateescape" if arguments[:2] == ("cat-file", "blob") else "replace"
    )

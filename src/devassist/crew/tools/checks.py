"""The tool that runs the task's checks and says what failed in them, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from devassist.crew.tools.commands import as_text, difference, sandboxed
from devassist.crew.tools.outputs import keep_output
from devassist.crew.tools.shapes import RunChecks
from devassist.crew.tools.text.excerpts import excerpt, failure_messages
from devassist.crew.tools.tool_context import Observed, ToolContext, ToolOutcome, ToolRefused
from devassist.domain.events import CommandIntended
from devassist.domain.statuses import Purpose

_MOST_OF_FAILED: Final = 6_000
_MOST_OF_PASSED: Final = 600
_MOST_NAMED: Final = 20


def run_checks(session: ToolContext, arguments: RunChecks, evidence: str, *, first: int = 1) -> ToolOutcome:
    """Run every check, or those that are named; each has an evidence id of its own, numbered from `first`."""
    configured = session.assignment.checks
    if not configured:
        return ToolOutcome(text="no checks are configured for this task", ok=False, summary="no checks")
    before = session.link.changed(session.role)
    parts: list[str] = []
    checks: dict[str, Observed] = {}
    for number, command in enumerate(_chosen(configured, arguments.only), start=first):
        timeout, id_ = session.assignment.command_timeout_s, f"{evidence}-c{number}"
        intent = CommandIntended(command=command, purpose=Purpose.CHECK)
        checks[command] = sandboxed(session, intent, timeout, evidence=evidence, id_=id_)
        parts.append(f"$ {command}\n{_told(session, command, checks[command], id_)}\nevidence: {id_}")
    wrote = difference(before, session.link.changed(session.role))
    codes = {command: observed.result.exit_code for command, observed in checks.items()}
    passed = sum(observed.passes for observed in checks.values())
    left = f" (of {len(configured)} that there are)" if len(checks) < len(configured) else ""
    summary = f"{passed} of {len(checks)} checks passed{left}"
    return ToolOutcome(
        text="\n\n".join([*parts, summary]),
        ok=passed == len(checks),
        read=("*",),
        wrote=wrote,
        summary=summary,
        exit_code=max(codes.values(), key=abs),
        checks=codes,
        truncated=any(observed.result.truncated for observed in checks.values()),
    )


def _chosen(configured: Sequence[str], only: Sequence[str]) -> Sequence[str]:
    """The checks that `only` names by number (from 1), as a whole or in part; all if it names none."""
    if not only:
        return configured
    chosen = list[str]()
    for word in only:
        if word.isdecimal() and 0 < int(word) <= len(configured):
            chosen.append(configured[int(word) - 1])
            continue
        matching = [command for command in configured if word == command] or [
            command for command in configured if word in command
        ]
        if not matching:
            listed = "\n".join(f"{number}. {command}" for number, command in enumerate(configured, start=1))
            raise ToolRefused(f"only: no check is or has {word!r}; the checks are:\n{listed}")
        chosen += matching
    return list(dict.fromkeys(chosen))


def _told(session: ToolContext, command: str, observed: Observed, id_: str) -> str:
    """What a check came to: of one that passed its last lines, of one that failed its failures with messages."""
    output = observed.result.output
    most = _MOST_OF_PASSED if observed.passes else _MOST_OF_FAILED
    shown = excerpt(output, most)
    failures = list(_failures(session.known_failures.get(command), observed, output))
    if len(shown) < len(output.strip()):
        shown += (
            f"\n[all of the output: path={keep_output(session, id_, output)!r} of read_file and search_code]"
        )
    return as_text(replace(observed, shown="\n".join([*failures, shown]).strip()))


def _failures(known: Sequence[str] | None, observed: Observed, output: str) -> Iterator[str]:
    """The failed cases with messages, the new ones first; `known` are those of the base, None if nobody knows."""
    failed = observed.failed or observed.cases.failures
    if not failed or not observed.cases.runner:
        return
    if known is None:
        yield from _listed("failed", failed, output)
        return
    of_base = frozenset(known)
    yield from _listed("new failures", [case for case in failed if case not in of_base], output)
    yield from _listed("failed on the base already", [case for case in failed if case in of_base], output)


def _listed(title: str, cases: Sequence[str], output: str) -> Iterator[str]:
    if not cases:
        return
    messages = failure_messages(output, cases[:_MOST_NAMED])
    yield f"{title} ({len(cases)}):"
    for case in cases[:_MOST_NAMED]:
        yield f"- {case}" + (f": {messages[case]}" if case in messages else "")
    if len(cases) > _MOST_NAMED:
        yield f"- ... {len(cases) - _MOST_NAMED} more"

"""What the checks found of a landing, in words that show, the reports and the live view share."""

from __future__ import annotations

from collections.abc import Sequence

from devassist.domain.verdicts import JudgedCheck, Verification
from devassist.domain.words import counted

ELSEWHERE = "imported from elsewhere, so that the tests say nothing of the change"
_SHOWN = 5
_LAST_LINES, _LAST_CHARACTERS = 12, 1000
_VERIFIED_BY = {
    Verification.TESTS: "verified by tests",
    Verification.CHECKS: "verified by checks",
    Verification.REVIEW: "verified by review alone: no check says anything of it",
    Verification.NONE: "not verified: no check and no review says anything of it",
}


def verification_line(verification: Verification) -> str:
    """What a landing was verified by."""
    return _VERIFIED_BY[verification]


def check_line(check: JudgedCheck) -> str:
    """One check on the merged tree: `own check X: exit code 0, 12 tests passed, 1 fixed`."""
    facts = [f"exit code {check.exit_code}{_beside_the_base(check)}"]
    if check.runner:
        facts.append(f"{check.passed} tests passed" if check.passed != 1 else "1 test passed")
        facts += [f"{check.added} new"] if check.added else []
    counted = (
        (check.fixed, "fixed"),
        (check.new_failures, "broken"),
        (check.known_failures, "failing on the base as well"),
        (check.skipped_newly, "skipped since"),
        (check.vanished, "vanished"),
        (check.moved, "moved"),
        (check.flaky, "flaky"),
        (check.held_out, "passing only since the change to what judges it"),
    )
    facts += [f"{len(cases)} {what}" for cases, what in counted if cases]
    if check.foreign:
        facts.append("its modules imported from elsewhere")
    whose = f"own check of task {check.task}" if check.task else "own check" if check.own else "check"
    return f"{whose} {check.command}: {', '.join(facts)}"


def _beside_the_base(check: JudgedCheck) -> str:
    base = check.base_exit_code
    if check.exit_code == 0 or base in (None, 0):
        return ""
    return " as on the base" if base == check.exit_code else f" ({base} on the base)"


def case_lines(check: JudgedCheck) -> list[str]:
    """Which tests they are, a line for each way in which some changed."""
    named = (
        ("fixed", check.fixed),
        ("broken", () if check.own and not check.problem else check.new_failures),
        ("failing on the base as well", check.known_failures),
        ("skipped or expected to fail since", check.skipped_newly),
        ("vanished", check.vanished),
        ("moved", tuple(f"{old} to {new}" for old, new in check.moved.items())),
        ("flaky", check.flaky),
        ("passing only since the change to what judges it", check.held_out),
        (ELSEWHERE, check.foreign),
    )
    return [f"{what}: {_listed(cases)}" for what, cases in named if cases]


def summary(checks: Sequence[JudgedCheck], verification: Verification) -> str:
    """A few words for a line of a table: `3/3 checks, 40 tests, 1 fixed`."""
    if not checks:
        return "reviewed, no checks" if verification is Verification.REVIEW else "not verified"
    hold = sum(not check.problem for check in checks)
    facts = [f"{hold}/{len(checks)} checks hold" if hold < len(checks) else f"{hold} checks hold"]
    if len(checks) == 1:
        facts = ["1 check holds" if hold else "1 check does not hold"]
    if passed := max(check.passed for check in checks):
        facts.append(f"{counted(passed, 'test')} passed")
    if added := max(check.added for check in checks):
        facts.append(f"{added} new")
    for name, what in _BRIEF:
        if count := len({case for check in checks for case in getattr(check, name)}):
            facts.append(f"{count} {what}")
    return ", ".join(facts)


_BRIEF = (
    ("fixed", "fixed"),
    ("known_failures", "known to fail"),
    ("skipped_newly", "skipped since"),
    ("vanished", "vanished"),
    ("held_out", "passing only since the change to what judges it"),
    ("flaky", "flaky"),
    ("foreign", "imported from elsewhere"),
)


def last_lines(output: str, *, most: int = _LAST_LINES, characters: int = _LAST_CHARACTERS) -> str:
    """The end of a command's output: whole lines; only of a line that is longer than `characters` a part."""
    kept: list[str] = []
    room = characters
    for line in reversed(output.strip().splitlines()[-most:]):
        if len(line) > room:
            kept += [] if kept else [f"... {line[-room:]}"]
            break
        kept.append(line)
        room -= len(line)
    return "\n".join(reversed(kept))


def _listed(cases: Sequence[str]) -> str:
    more = f" and {len(cases) - _SHOWN} more" if len(cases) > _SHOWN else ""
    return ", ".join(cases[:_SHOWN]) + more

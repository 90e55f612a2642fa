"""What tests came to: a command's ledger on a tree, and a landing judged by such ledgers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from devassist.domain.events.kinds import EventType
from devassist.domain.ledger import CaseStatus, Ledger
from devassist.domain.statuses import Purpose
from devassist.domain.verdicts import JudgedCheck, Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRecorded:
    """
    One command's ledger on one tree. The case ids of each status are lines of one text, which is stored once.

    `world` is a digest of what else the result depends on: setup, sandbox, network. `reused` says that an earlier run's
    ledger was taken instead of running the command again.
    """

    type: ClassVar[EventType] = EventType.LEDGER_RECORDED
    command: str = ""
    tree: str = ""
    purpose: Purpose = Purpose.BASE
    runner: str = ""
    exit_code: int = 0
    complete: bool = True
    passed: str = ""
    failed: str = ""
    skipped: str = ""
    xfailed: str = ""
    failures: str = ""
    """The failure lines of an output without cases."""
    foreign: str = ""
    """Modules of the tree that were imported from elsewhere, `name from path`."""
    seconds: float = 0.0
    timed_out: bool = False
    world: str = ""
    reused: bool = False

    @property
    def ledger(self) -> Ledger:
        """The ledger that was recorded."""
        texts = {
            CaseStatus.PASSED: self.passed,
            CaseStatus.FAILED: self.failed,
            CaseStatus.SKIPPED: self.skipped,
            CaseStatus.XFAILED: self.xfailed,
        }
        return Ledger(
            command=self.command,
            exit_code=self.exit_code,
            runner=self.runner,
            cases={case: status for status, text in texts.items() for case in _lines(text)},
            failures=tuple(_lines(self.failures)),
            complete=self.complete,
            timed_out=self.timed_out,
            foreign=tuple(_lines(self.foreign)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingJudged:
    """What the checks say of a merged tree, before anybody decides. `verification` is the strongest evidence."""

    type: ClassVar[EventType] = EventType.LANDING_JUDGED
    commit: str = ""
    tree: str = ""
    verification: Verification = Verification.NONE
    checks: tuple[JudgedCheck, ...] = ()
    judges: tuple[str, ...] = ()
    """The changed paths that take part in judging the change."""


def lines(cases: tuple[str, ...]) -> str:
    """Case ids as the lines of one text."""
    return "\n".join(" ".join(case.splitlines()) for case in cases)


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []

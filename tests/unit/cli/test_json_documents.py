"""The JSON that commands print of typed values, byte for byte: its keys, their order, and what is null."""

from __future__ import annotations

from pathlib import Path

from devassist.app.conflicts.known import KnownConflict
from devassist.app.doctor.check import Check, Health
from devassist.app.doctor.finding import Damage
from devassist.app.doctor.repair import Repair
from devassist.app.documents import Json, builtins
from devassist.app.pull_request import Proposed
from devassist.app.runs.plan_estimate import Estimate, PlanForecast
from devassist.app.runs.worktrees import AgentWorktree, Collected
from devassist.app.verification import Problem, Verification
from devassist.cli.commands.audit.verify import verify_document
from devassist.cli.commands.runs.pr import pr_document
from devassist.cli.commands.setup.doctor import doctor_document
from devassist.cli.commands.worktrees.gc import gc_document
from devassist.cli.commands.worktrees.list_worktrees import worktree_document
from devassist.cli.invocation import json_text
from devassist.cli.view.known_conflict import known_document
from devassist.conflicts.foresight import Predicted
from devassist.domain.conflicts import ConflictStatus, Location
from devassist.domain.events import ConflictFound, ConflictResolved

BROKEN = Damage(what="broken ref", path="refs/heads/x", before="empty", after="1234", run="r-1", act=print)
UNKNOWN = Damage(what="unknown worktree", path="da-x", before="no run of the log has it", hint="look at it")


def check_printed(document: Json, expected: str) -> None:
    assert json_text(document) == expected.replace("\n", "")


def test_doctor_prints_its_checks_and_its_repairs() -> None:
    checks = [Check("git", Health.OK, "/bin/git, 2.39"), Check("model", Health.FAIL, "no model", "set one")]
    repairs = [Repair(BROKEN, done=True), Repair(BROKEN, error="locked"), Repair(UNKNOWN)]
    check_printed(
        doctor_document(checks, repairs, ok=False),
        '{"schema": "devassist.doctor/1", "ok": false, "checks": [\n'
        '{"check": "git", "status": "ok", "detail": "/bin/git, 2.39", "hint": ""}, \n'
        '{"check": "model", "status": "fail", "detail": "no model", "hint": "set one"}], "repairs": [\n'
        '{"what": "broken ref", "path": "refs/heads/x", "before": "empty", "after": "1234", "run": "r-1", \n'
        '"hint": "", "done": true, "error": ""}, \n'
        '{"what": "broken ref", "path": "refs/heads/x", "before": "empty", "after": "1234", "run": "r-1", \n'
        '"hint": "", "done": false, "error": "locked"}, \n'
        '{"what": "unknown worktree", "path": "da-x", "before": "no run of the log has it", "after": "", \n'
        '"run": "", "hint": "look at it", "done": false, "error": ""}]}',
    )


def test_a_worktree_is_printed_with_null_for_what_cannot_be_told() -> None:
    whole = AgentWorktree(
        name="da-r-t-coder",
        path=Path("/w/t/coder"),
        branch="devassist/r/t/coder",
        head="abc",
        locked=True,
        missing=False,
        dirty=True,
    )
    check_printed(
        worktree_document(whole),
        '{"name": "da-r-t-coder", "path": "/w/t/coder", "branch": "devassist/r/t/coder", "head": "abc", \n'
        '"locked": true, "missing": false, "dirty": true}',
    )
    gone = AgentWorktree(
        name="da-x", path=Path("/w/x"), branch=None, head=None, locked=False, missing=True, dirty=None
    )
    check_printed(
        worktree_document(gone),
        '{"name": "da-x", "path": "/w/x", "branch": null, "head": null, "locked": false, "missing": true, \n'
        '"dirty": null}',
    )


def test_collected_worktrees_are_printed_with_the_reason_why_they_stay() -> None:
    collected = [
        Collected(path=Path("/w/a"), branch="devassist/r/a/coder", reason=""),
        Collected(path=Path("/w/b"), branch=None, reason="its run has not ended"),
    ]
    check_printed(
        gc_document(collected, dry_run=True),
        '{"schema": "devassist.gc/1", "dry_run": true, "worktrees": [\n'
        '{"path": "/w/a", "branch": "devassist/r/a/coder", "reason": ""}, \n'
        '{"path": "/w/b", "branch": null, "reason": "its run has not ended"}]}',
    )


def test_a_verification_is_printed_with_its_problems() -> None:
    check_printed(
        verify_document(Verification(ok=True, events=7, anchored_to=5)),
        '{"schema": "devassist.verify/1", "ok": true, "events": 7, "anchored_to": 5, "problems": []}',
    )
    gone = Verification(
        ok=False, events=0, anchored_to=None, problems=(Problem(9, "missing", "the log is gone"),)
    )
    check_printed(
        verify_document(gone),
        '{"schema": "devassist.verify/1", "ok": false, "events": 0, "anchored_to": null, "problems": [\n'
        '{"seq": 9, "kind": "missing", "detail": "the log is gone"}]}',
    )


def test_a_pull_request_that_was_not_opened_has_no_url() -> None:
    proposed = Proposed(
        run="r-1",
        branch="devassist/r-1/result",
        commit="abc",
        base="main",
        remote="origin",
        title="Better",
        command="gh pr create",
        compare="",
        pushed=False,
        url="",
    )
    check_printed(
        pr_document(proposed),
        '{"schema": "devassist.pr/1", "run": "r-1", "branch": "devassist/r-1/result", "commit": "abc", \n'
        '"base": "main", "remote": "origin", "title": "Better", "command": "gh pr create", "compare": "", \n'
        '"pushed": false, "url": null}',
    )


def test_an_estimate_is_printed_with_the_runs_that_it_comes_from() -> None:
    likely = Estimate(runs=2, model_calls=16, input_tokens=160, output_tokens=16, usd=0.16)
    meeting = Predicted(tasks=("a", "b"), paths=("x.py",), reason="their scopes meet")
    check_printed(
        builtins(PlanForecast(predicted=(meeting,), estimate=likely)),
        '{"predicted": [{"tasks": ["a", "b"], "branch": null, "paths": ["x.py"], "symbols": [], \n'
        '"reason": "their scopes meet"}], \n'
        '"estimate": {"runs": 2, "model_calls": 16, "input_tokens": 160, "output_tokens": 16, "usd": 0.16}}',
    )


FOUND = ConflictFound(
    conflict="c-1",
    base="b",
    id="c-1",
    kind="content",
    branches=("x", "y"),
    path="a.py",
    locations=(Location(branch="x", path="a.py", start_line=1, end_line=2),),
)
FOUND_DOCUMENT = (
    '"conflict": "c-1", "base": "b", "id": "c-1", "level": "text", "kind": "content", "severity": "error", \n'
    '"branches": ["x", "y"], "path": "a.py", "symbol": null, \n'
    '"locations": [{"branch": "x", "path": "a.py", "start_line": 1, "end_line": 2}], \n'
    '"explanation": "", "suggestion": "", '
)


def changed(*statuses: ConflictStatus) -> KnownConflict:
    known = KnownConflict(latest=FOUND, first_seen="1", last_seen="1")
    for at, status in enumerate(statuses, start=2):
        known = known.changed(ConflictResolved(conflict="c-1", status=status, who="me", reason="R"), str(at))
    return known


def test_a_conflict_that_was_found_is_printed_without_an_end() -> None:
    check_printed(
        known_document(changed()),
        f'{{{FOUND_DOCUMENT}"status": "open", "first_seen": "1", "last_seen": "1", "gone": false}}',
    )


def test_a_conflict_that_was_waived_and_is_gone_is_printed_with_both() -> None:
    check_printed(
        known_document(changed(ConflictStatus.WAIVED, ConflictStatus.GONE)),
        f'{{{FOUND_DOCUMENT}"status": "waived", "first_seen": "1", "last_seen": "3", "gone": true, \n'
        '"ended": {"conflict": "c-1", "status": "waived", "who": "me", "reason": "R"}, "gone_because": "R"}',
    )


def test_a_conflict_that_was_gone_before_it_was_waived_is_printed_in_that_order() -> None:
    check_printed(
        known_document(changed(ConflictStatus.GONE, ConflictStatus.WAIVED)),
        f'{{{FOUND_DOCUMENT}"status": "waived", "first_seen": "1", "last_seen": "3", "gone": true, \n'
        '"gone_because": "R", "ended": {"conflict": "c-1", "status": "waived", "who": "me", "reason": "R"}}',
    )

"""What a shell offers at Tab: runs, tasks, requests, conflicts, branches, roles and keys of the settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from devassist.domain.events import Event, EventType
from devassist.domain.ids import PLANNING
from devassist.store.audit_log import AuditLog
from support.facts import event as event_of
from support.repos import make_repository

RUN = "brisk-heron-3f2a"
_CODE = "import sys; sys.argv = ['devassist']; from devassist.cli.app import main; main()"


def _events() -> list[Event]:
    asked = {"kind": "question", "question": "?", "options": [], "binds_to": "x"}
    conflict = {"kind": "content", "level": "text", "severity": "error", "branches": ["a", "b"], "path": "p"}
    return [
        event_of(EventType.RUN_STARTED, goal="g"),
        event_of(EventType.TASK_STARTED, task=PLANNING),
        event_of(EventType.TASK_STARTED, task="parser"),
        event_of(EventType.APPROVAL_REQUESTED, task="parser", approval="a-open", **asked),
        event_of(EventType.APPROVAL_REQUESTED, task="parser", approval="a-done", **asked),
        event_of(EventType.APPROVAL_DECIDED, task="parser", approval="a-done", choice="answer"),
        event_of(EventType.CONFLICT_FOUND, conflict="c-12ab", **conflict),
    ]


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """The words that are offered after a line."""
    repo = tmp_path_factory.mktemp("tab") / "repo"
    make_repository(repo, {"a.txt": "a\n"})
    subprocess.run(["git", "branch", "feature-a"], cwd=repo, check=True)
    folder = repo / ".git" / "devassist"
    folder.mkdir()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with AuditLog.open(folder / "audit.db", heads_file=None, now=lambda: now) as log:
        log.record(*(replace(event, run=RUN) for event in _events()))

    def offered(line: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _CODE],
            cwd=repo,
            env={
                **os.environ,
                "_DEVASSIST_COMPLETE": "complete_bash",
                "COMP_WORDS": line,
                "COMP_CWORD": str(line.count(" ")),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.split()

    return offered


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("devassist show ", ["@last", RUN]),
        ("devassist show @last/", ["@last/parser"]),
        (f"devassist note {RUN} ", ["parser"]),
        ("devassist retry @last p", ["parser"]),
        ("devassist answer ", ["a-open"]),
        ("devassist approve a-", ["a-open"]),
        ("devassist conflicts show c", ["c-12ab"]),
        ("devassist conflicts resolve ", ["c-12ab"]),
        ("devassist conflicts find feat", ["feature-a"]),
        ("devassist merge @last --into feat", ["feature-a"]),
        ("devassist audit list --role cod", ["coder"]),
        ("devassist audit list --run bri", [RUN]),
        ("devassist config get limits.max_u", ["limits.max_usd"]),
        ("devassist run x --approve a", ["auto", "ask"]),
    ],
)
def test_a_shell_is_offered_what_there_is(
    tab: Callable[[str], list[str]], line: str, words: list[str]
) -> None:
    assert tab(line) == words


def test_a_branch_is_offered_after_conflicts_although_that_is_a_group(
    tab: Callable[[str], list[str]],
) -> None:
    assert "feature-a" in tab("devassist conflicts feat")

"""What the log holds of earlier resolutions decides what needs no person: in this process, on real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devassist.app.conflicts.compare import Comparison
from devassist.app.conflicts.learning import automatic, experience
from devassist.app.conflicts.ledger import compare_and_remember
from devassist.app.conflicts.open_conflict import Answer, opened
from devassist.app.conflicts.resolve import settle, undo
from devassist.app.wiring.host import Host
from devassist.app.wiring.project import Project, open_log, open_project
from devassist.domain.events import EventType
from devassist.domain.resolutions import How, Tally
from support.facts import event as event_of
from support.repos import commit_all, content, git, make_repository, put

ME = "person Ada"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = make_repository(tmp_path / "r", {"a.py": "END = 1\n"})
    for name in ("left", "right"):
        git(root, "checkout", "-q", "-b", name, "main")
        put(root, {"a.py": f"import {name}\nEND = 1\n"})
        commit_all(root, name)
    git(root, "checkout", "-q", "main")
    return open_project(Host(environment=dict(os.environ), directory=root))


def conflict(project: Project) -> str:
    (one,) = compare_and_remember(project, Comparison(branches=("left", "right"))).conflicts
    return one.id


def lesson(project: Project, right: int, total: int) -> None:
    classes = {"both-added-imports": Tally(right=right, total=total).as_json()}
    data = {"subject": "conflict classes", "classes": classes}
    with open_log(project) as log:
        log.record(event_of(EventType.LESSON_LEARNED, data=data))


@pytest.mark.parametrize(
    ("right", "total", "settled"), [(300, 300, True), (297, 300, False), (100, 100, False)]
)
def test_a_class_is_settled_unattended_from_its_lower_bound_on(
    project: Project, right: int, total: int, settled: bool
) -> None:
    id_ = conflict(project)
    lesson(project, right, total)
    with opened(project, id_) as found:
        answer = automatic(found, Answer(who=ME))
        assert (answer is not None) == settled
        if answer is None:
            return
        document = settle(found, answer)
    assert (document["status"], document["how"], document["who"]) == ("resolved", "automatic", "policy")
    assert "right in 300 of 300" in document["reason"]
    assert (
        content(project.repository.root, document["commit"], "a.py") == "import left\nimport right\nEND = 1"
    )


def test_a_person_who_decides_otherwise_takes_the_trust_away_and_undoing_gives_it_back(
    project: Project,
) -> None:
    id_ = conflict(project)
    lesson(project, 190, 190)
    assert experience(project).classes["both-added-imports"].trusted
    with opened(project, id_) as found:
        settle(found, Answer(who=ME, how=How.TAKE, choice="left", edits=found.pair.taking("left")))
    assert experience(project).classes["both-added-imports"] == Tally(right=190, total=191)
    assert not experience(project).classes["both-added-imports"].trusted
    assert len(experience(project).repeats) == 1
    undo(project, id_, who=ME, reason="it was wrong")
    assert experience(project).classes["both-added-imports"] == Tally(right=190, total=190)
    assert experience(project).repeats == {}

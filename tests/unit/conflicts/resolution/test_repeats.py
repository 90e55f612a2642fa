"""Earlier answers of people are repeated: in this process, on real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devassist.app.conflicts.compare import Comparison
from devassist.app.conflicts.learning import learn_from_history, precedents, repeated_answer
from devassist.app.conflicts.ledger import compare_and_remember
from devassist.app.conflicts.open_conflict import Answer, opened
from devassist.app.conflicts.resolve import settle, undo
from devassist.app.wiring.host import Host
from devassist.app.wiring.project import Project, open_project
from devassist.domain.resolutions import How
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


def test_a_persons_answer_is_repeated_until_it_is_undone(project: Project) -> None:
    id_ = conflict(project)
    with opened(project, id_) as found:
        assert repeated_answer(found, Answer(who=ME)) is None
        settle(found, Answer(who=ME, how=How.TAKE, choice="left", edits=found.pair.taking("left")))
    with opened(project, id_) as found:
        answer = repeated_answer(found, Answer(who=ME))
        assert answer is not None
        resolution = settle(found, answer)
    assert (resolution.status, resolution.how, resolution.who) == ("resolved", "automatic", "policy")
    assert content(project.repository.root, str(resolution.commit), "a.py") == "import left\nEND = 1"
    assert [precedent.who for precedent in resolution.precedents] == [ME]
    undo(project, id_, who=ME, reason="it was wrong")
    assert precedents(project) == {}


def test_a_merge_of_the_history_is_repeated(project: Project) -> None:
    root = project.repository.root
    git(root, "checkout", "-q", "-b", "merged", "left")
    git(root, "merge", "-q", "-X", "theirs", "right", "-m", "merge")
    learned = learn_from_history(project, limit=0, progress=lambda _done, _all: None)
    assert (learned.merges, learned.conflicting, learned.hunks, learned.learned) == (1, 1, 1, 1)
    with opened(project, conflict(project)) as found:
        answer = repeated_answer(found, Answer(who=ME))
        assert answer is not None
        resolution = settle(found, answer)
    assert content(root, str(resolution.commit), "a.py") == "import right\nEND = 1"
    assert resolution.precedents[0].commit == git(root, "rev-parse", "merged")

"""What is said of a plan before it runs: where its tasks will meet, what it may cost, and which ground is taken."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from devassist.app.documents import builtins
from devassist.app.runs.plan_estimate import AgentCost, Estimate, PlanForecast, estimate
from devassist.conflicts.branches import holdings, live_sides, of_their_origin, open_changes, unheld
from devassist.conflicts.foresight import Foresight, Predicted
from devassist.conflicts.outline import Outline
from devassist.conflicts.text.staleness import Stale, stale_branches
from devassist.domain.conflicts import Conflict, ConflictKind, Level, Severity, Side
from devassist.domain.plan import parse_plan
from devassist.engine.crews.ground import framed
from devassist.engine.crews.planning_context import described
from devassist.git.merging.bases import MergeBases
from devassist.git.repository import Repository
from devassist.llm.canonical import digest
from support.branches import FILE, Author
from support.repos import commit_all, git, make_repository, put

TREE = {
    "pkg/__init__.py": "",
    "pkg/store.py": "def load_rows(path):\n    return open(path).read()\n\n\nclass RowWriter:\n    def flush(self): ...\n",
    "pkg/report.py": "from pkg.store import load_rows\n\n\ndef render_report(path):\n    return load_rows(path)\n",
    "docs/guide.md": "# Guide\n",
}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repo", TREE)


def foresee(repo: Path, *tasks: dict[str, Any]) -> list[Predicted]:
    repository = Repository.discover(repo)
    base = git(repo, "rev-parse", "main")
    rows = [{"title": f"title of {one['id']}", "role": "coder", **one} for one in tasks]
    plan = parse_plan({"goal": "g", "tasks": rows})
    return Foresight(plan, Outline(repository, base), open_changes(repository, base)).predict()


def branch(repo: Path, name: str, files: dict[str, str], start: str = "main") -> str:
    git(repo, "checkout", "-q", "-b", name, start)
    put(repo, files)
    made = commit_all(repo, name)
    git(repo, "checkout", "-q", "main")
    return made


def task(id_: str, scope: list[str], text: str = "do it", **more: Any) -> dict[str, Any]:
    return {"id": id_, "scope": scope, "instructions": f"{text} {id_}", **more}


def test_scopes_that_meet_are_named_with_the_files_in_both(repo: Path) -> None:
    (found,) = [one for one in foresee(repo, task("a", ["pkg/**"]), task("b", ["pkg/store.py"])) if one.paths]
    assert found.tasks == ("a", "b")
    assert found.paths == ("pkg/store.py",)
    assert "b starts after a" in found.reason


def test_tasks_that_one_orders_are_no_prediction(repo: Path) -> None:
    assert foresee(repo, task("a", ["pkg/**"]), task("b", ["pkg/**"], depends_on=["a"])) == []


def test_a_task_that_is_told_of_what_another_may_change_is_predicted_to_meet_it(repo: Path) -> None:
    (found,) = foresee(
        repo,
        task("a", ["pkg/store.py"], "rename things"),
        task("b", ["docs/**"], "document how load_rows and RowWriter are used"),
    )
    assert found.tasks == ("a", "b")
    assert found.symbols == ("RowWriter", "load_rows")
    assert found.paths == ("pkg/store.py",)


def test_files_that_use_what_another_task_may_change_are_predicted_to_meet(repo: Path) -> None:
    (found,) = foresee(repo, task("a", ["pkg/store.py"]), task("b", ["pkg/report.py"]))
    assert (found.tasks, found.symbols) == (("a", "b"), ("load_rows",))


def test_a_file_named_in_the_instructions_of_another_task_is_predicted(repo: Path) -> None:
    found = foresee(repo, task("a", ["docs/**"]), task("b", ["pkg/report.py"], "see docs/guide.md for"))
    assert [(one.tasks, one.paths) for one in found] == [(("a", "b"), ("docs/guide.md",))]


def test_tasks_without_scope_are_said_once_and_never_in_a_row(repo: Path) -> None:
    rows = [{"id": one, "instructions": f"{one * 9}"} for one in "abc"]
    found = foresee(repo, *rows)
    assert [one.tasks for one in found] == [("a", "b", "c")]
    assert parse_plan({"tasks": [{"title": one["id"], **one} for one in rows]}).sequenced() == {}


def test_open_branches_are_held_against_scopes(repo: Path) -> None:
    branch(repo, "feature", {"pkg/store.py": "x = 1\n", "other.txt": "x\n"})
    found = foresee(repo, task("a", ["pkg/**"]), task("b", ["docs/**"]))
    assert [(one.tasks, one.branch, one.paths) for one in found] == [(("a",), "feature", ("pkg/store.py",))]


def test_the_same_work_planned_twice_is_reported_and_the_same_work_elsewhere_is_not(repo: Path) -> None:
    words = "write an exporter that gives every row as one line of CSV with a header"
    twice = [
        {"id": one, "title": title, "scope": [scope], "instructions": words}
        for one, title, scope in (("a", "CSV", "x/**"), ("b", "export", "x/y/**"), ("c", "lines", "z/**"))
    ]
    found = [one.tasks for one in foresee(repo, *twice) if "twice" in one.reason]
    assert found == []
    twice[1]["scope"] = ["x/**"]
    assert [one.tasks for one in foresee(repo, *twice) if "twice" in one.reason] == [("a", "b")]
    twice[2]["title"] = "CSV"
    assert ("a", "c") in [one.tasks for one in foresee(repo, *twice) if "twice" in one.reason]


def test_a_plan_with_what_was_foreseen_is_a_plan_again(repo: Path) -> None:
    (found,) = foresee(repo, task("a", ["pkg/store.py"]), task("b", ["pkg/report.py"]))
    plan = parse_plan({"goal": "g", "tasks": [task("a", []), task("b", [])]})
    forecast = PlanForecast(predicted=(found,), estimate=None)
    document = {**plan.as_json(), **builtins(forecast)}
    assert list(document)[-2:] == ["predicted", "estimate"]
    assert parse_plan(document) == plan
    assert set(builtins(found)) == {"tasks", "branch", "paths", "symbols", "reason"}


def test_an_estimate_is_the_median_of_a_role_times_the_crews() -> None:
    plan = parse_plan({"tasks": [task("a", []), task("b", [], review=False)]})
    spent = [
        AgentCost(run=run, agent=f"t/{role}", model_calls=calls, input_tokens=10 * calls, output_tokens=calls, usd=calls / 100)
        for run, role, calls in (("r1", "coder", 3), ("r1", "coder", 5), ("r2", "coder", 100), ("r2", "tester", 2))
    ]  # fmt: skip
    # Coder twice at 5; a tester at 2; a reviewer nobody has seen yet at the median of all, 4.
    assert estimate(plan, spent) == Estimate(
        runs=2, model_calls=16, input_tokens=160, output_tokens=16, usd=0.16
    )
    assert estimate(plan, []) is None


def test_the_outline_names_the_likeliest_files_first_within_its_bound(repo: Path) -> None:
    outline = Outline(Repository.discover(repo), git(repo, "rev-parse", "HEAD"))
    likely = outline.likely("make the reports faster", lines=60)
    assert likely[0].startswith("pkg/report.py: render_report(path)")
    assert outline.likely("rows of the store", lines=1) == [
        "pkg/store.py: load_rows(path), RowWriter, RowWriter.flush(self)"
    ]
    assert outline.likely("nothing of the kind", lines=60) == []


def test_open_branches_are_described_within_bounds() -> None:
    text = described({f"b{n}": [f"p{m}" for m in range(30)] for n in range(40)})
    assert "and 20 more" in text and "and 22 more" in text
    assert len(text.splitlines()) < 30


def test_a_replay_reads_over_the_ground() -> None:
    def digest_of(ground: str) -> str:
        parts = ["Goal:\ng", ground, "End."]
        text = "\n\n".join(part for part in parts if part)
        return digest([{"role": "user", "content": text}], [], run="x-1")

    assert digest_of(framed([])) == digest_of(framed([described({"b": ["p"]})]))
    assert digest_of(framed([])) != digest_of("something else")


# Live branches --------------------------------------------------------------------------------------------


def found_in(repository: Repository, base: str) -> list[str]:
    return [one.name for one in live_sides(repository, base)]


def test_of_a_tasks_agents_only_the_last_one_is_live(repo: Path) -> None:
    base = git(repo, "rev-parse", "HEAD")
    branch(repo, "devassist/r/t1/coder", {"a.txt": "1\n"})
    branch(repo, "devassist/r/t1/tester", {"b.txt": "1\n"}, "devassist/r/t1/coder")
    git(repo, "branch", "devassist/r/t1/reviewer", "devassist/r/t1/coder")
    git(repo, "branch", "devassist/r/t2/coder", "main")
    assert found_in(Repository.discover(repo), base) == ["devassist/r/t1/tester"]


def conflict(one: str, other: str, path: str = "p") -> Conflict:
    return Conflict(
        level=Level.TEXT, kind=ConflictKind.CONTENT, severity=Severity.ERROR, branches=(one, other), path=path
    )


def test_a_conflict_is_said_of_the_branches_it_comes_from() -> None:
    holds = {
        "result": frozenset({"a", "b"}),
        "c": frozenset[str](),
        "d": frozenset({"c"}),
        "a": frozenset[str](),
    }
    said = [conflict("a", "c"), conflict("result", "c"), conflict("result", "d"), conflict("a", "d")]
    assert of_their_origin(said, holds) == [conflict("a", "c")]
    assert of_their_origin([conflict("result", "c")], holds) == [conflict("result", "c")]
    assert of_their_origin([conflict("a", "b")], holds) == [], "they were merged"
    assert of_their_origin([conflict("c", "d")], holds) == [], "one builds on the other"
    started = {"devassist/r/t/coder": frozenset({"a", "b"})}
    assert of_their_origin([conflict("a", "b")], started) == [conflict("a", "b")], "an agent began on both"


def test_who_holds_whom_and_who_is_left_to_merge(repo: Path) -> None:
    base = git(repo, "rev-parse", "HEAD")
    branch(repo, "devassist/r/t1/coder", {"a.txt": "1\n"})
    branch(repo, "devassist/r/result", {"b.txt": "1\n"}, "devassist/r/t1/coder")
    repository = Repository.discover(repo)
    sides = live_sides(repository, base)
    holds = holdings(repository, sides)
    assert holds["devassist/r/result"] == {"devassist/r/t1/coder"}
    assert [one.name for one in unheld(sides, holds)] == ["devassist/r/result"]
    assert holdings(repository, []) == {} and unheld([], {}) == []


def test_a_branch_is_stale_only_in_paths_that_the_base_changed_too(repo: Path) -> None:
    branch(repo, "devassist/r/t1/coder", {"docs/guide.md": "# Guide\n\nmore\n", "a.txt": "1\n"})
    branch(repo, "devassist/r/t2/coder", {"b.txt": "1\n"})
    put(repo, {"docs/guide.md": "# The guide\n"})
    commit_all(repo, "base moves")
    put(repo, {"c.txt": "c\n"})
    base = commit_all(repo, "and on")
    branch(repo, "devassist/r/t3/coder", {"docs/guide.md": "# fresh\n"})
    repository = Repository.discover(repo)
    assert stale_branches(repository, base, live_sides(repository, base)) == [
        Stale(branch="devassist/r/t1/coder", behind=2, paths=("docs/guide.md",))
    ]


@pytest.mark.parametrize("seed", range(4))
def test_who_holds_whom_is_what_git_says_in_any_history(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    author = Author(tmp_path / "repo")
    marks = [author.commit("main", {"a": (FILE, b"0\n")})]
    for number in range(1, 25):
        parents = chance.sample(marks, min(len(marks), chance.choice((1, 1, 2))))
        marks.append(author.commit(f"b{number}", {"a": (FILE, b"%d\n" % number)}, *parents))
    author.write()
    repository = Repository.discover(tmp_path / "repo")
    names = ["main", *(f"b{number}" for number in range(1, 25))]
    chance.shuffle(names)
    tips = {name: repository.resolve(name) for name in names}
    sides = [Side(name=name, commit=tip, tree=repository.tree_of(tip)) for name, tip in tips.items()]
    bases = MergeBases(repository)
    for upto in (5, 12, 25):
        holds = holdings(repository, sides[:upto], bases)
        for one in names[:upto]:
            expected = {
                other
                for other in names[:upto]
                if other != one and repository.is_ancestor(tips[other], tips[one])
            }
            assert holds[one] == expected

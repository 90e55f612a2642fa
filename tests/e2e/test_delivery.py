"""One run of five tasks with everything that goes well: what it leaves in git, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from support.command_line import Done, Machine
from support.crewscript import (
    CrewScript,
    Turn,
    approve,
    edit,
    plan,
    request_changes,
    submit,
    task,
    tool,
    write,
)
from support.openai_server import Reply
from support.repos import EMAIL, NAME, Untouched, commits, content, put, trailers, tree_files

BRACES = "keep {x} {tools} {{}} ${HOME} %s {0} and <b>[/]</b> as they are"


@dataclass
class Story:
    machine: Machine
    done: Done
    base: str
    before: Untouched

    @property
    def json(self) -> dict[str, Any]:
        return self.done.json

    @property
    def result(self) -> str:
        return self.json["result_commit"]


def _sees_the_dependency(turn: Turn) -> Reply:
    assert "return a + b + 0" in turn.results[0], turn.results
    return write("calc/mul.py", "from calc.add import add\n\n\ndef mul(a, b):\n    return a * b\n")


def _script() -> CrewScript:
    script = CrewScript()
    check = tool("run_checks")
    wrong = edit("calc/add.py", "return a + b", "return a - b")
    script.on(
        "ALPHA", "coder", tool("read_file", path="calc/add.py"), wrong, check, submit("first try"), round=1
    )
    right = edit("calc/add.py", "return a - b", "return a + b + 0")
    script.on("ALPHA", "coder", right, check, submit("second try\n\nWith a body.", proves=[0, 1]), round=2)
    finding = {"path": "calc/add.py", "line": 2, "severity": "error", "comment": "it subtracts"}
    script.on("ALPHA", "reviewer", check, request_changes("the check fails", finding), round=1)
    script.on("ALPHA", "reviewer", check, approve(confidence=0.8), round=2)
    move = tool("move_file", path="calc/old_name.py", new_path="calc/constants.py")
    guide = edit("docs/guide.md", "Use add and sub.", "Use add, sub and the constants.")
    script.on("BRAVO", "documenter", move, guide, submit("moved and documented", proves=[0, 1]))
    script.on("CHARLIE", "coder", tool("delete_file", path="calc/unused.py"), submit("gone", proves=[-1]))
    script.on("DELTA", "researcher", tool("search_code", pattern="def "), tool("submit_brief", summary="two functions",
              findings=["calc/add.py holds add"], confidence=0.95))  # fmt: skip
    script.on(
        "ECHO",
        "coder",
        tool("read_file", path="calc/add.py"),
        _sees_the_dependency,
        check,
        submit("mul", proves=[1, 2]),
    )
    return script


PLAN = plan(
    task("t-edit", f"ALPHA {BRACES}", scope=["calc/add.py", "tests/**"], checks=["python -m pytest -q -p no:cacheprovider tests"]),
    task("t-move", "BRAVO", role="documenter", review=False),
    task("t-drop", "CHARLIE", scope=["calc/unused.py"]),
    task("t-look", "DELTA", role="researcher", review=False),
    task("t-after", "ECHO", depends_on=["t-edit"], checks=["python -c 'import calc.mul'"], review=False),
    goal="a better calculator",
)  # fmt: skip


@pytest.fixture(scope="module")
def story(make_shared_machine: Callable[..., Machine]) -> Story:
    machine = make_shared_machine(script=_script())
    machine.server.together = 3
    base = machine.git("rev-parse", "HEAD")
    put(
        machine.repo,
        {"README.md": "# my own unsaved words\n", "notes.txt": "staged\n", "scratch.txt": "untracked\n"},
    )
    machine.git("add", "notes.txt")
    before = Untouched.of(machine.repo)
    done = machine.run(PLAN)
    assert done.code == 0, done
    assert machine.script.missing == []
    return Story(machine, done, base, before)


def test_the_run_document_has_the_shape_of_the_contract(story: Story) -> None:
    document = story.json
    assert document["schema"] == "devassist.run/1"
    assert re.fullmatch(r"[a-z]+-[a-z]+-[0-9a-f]{4}", document["run"])
    assert (document["status"], document["exit_code"]) == ("succeeded", 0)
    assert (document["goal"], document["base"]) == ("a better calculator", story.base)
    assert document["result_branch"] == f"devassist/{document['run']}/result"
    assert (document["conflicts"], document["waiting"]) == ([], [])
    assert set(document["usage"]) >= {"model_calls", "input_tokens", "output_tokens", "usd"}
    assert isinstance(document["wall_s"], float)
    assert document["wall_s"] > 0
    assert story.machine.git("rev-parse", document["result_branch"]) == story.result
    with open(document["report"], encoding="utf-8") as report:
        assert document["run"] in report.read()


def test_every_task_of_the_document_has_the_shape_of_the_contract(story: Story) -> None:
    assert [one["id"] for one in story.json["tasks"]] == ["t-edit", "t-move", "t-drop", "t-look", "t-after"]
    for one in story.json["tasks"]:
        assert set(one) >= {
            "id",
            "title",
            "role",
            "status",
            "rounds",
            "confidence",
            "agents",
            "checks",
            "claims",
            "error",
        }
        assert one["error"] is None
        assert set(one["claims"]) == {"verified", "contradicted", "stale", "uncited"}
        for agent in one["agents"]:
            assert set(agent) >= {"role", "branch", "commit", "worktree"}
            assert agent["branch"] == f"devassist/{story.json['run']}/{one['id']}/{agent['role']}"


def test_tasks_end_as_their_crews_left_them(story: Story) -> None:
    by_name = {one["id"]: one for one in story.json["tasks"]}
    assert {name: one["status"] for name, one in by_name.items()} == {
        "t-edit": "merged", "t-move": "merged", "t-drop": "merged", "t-look": "delivered", "t-after": "merged",
    }  # fmt: skip
    assert {name: one["rounds"] for name, one in by_name.items()} == {
        "t-edit": 2, "t-move": 1, "t-drop": 1, "t-look": 1, "t-after": 1,
    }  # fmt: skip
    assert [one["role"] for one in by_name["t-edit"]["agents"]] == ["coder", "tester", "reviewer"]
    assert [one["role"] for one in by_name["t-move"]["agents"]] == ["documenter"]
    assert by_name["t-edit"]["confidence"] == 0.8
    assert by_name["t-edit"]["claims"] == {"verified": 2, "contradicted": 0, "stale": 0, "uncited": 0}
    assert by_name["t-move"]["claims"]["verified"] == 2
    assert by_name["t-after"]["checks"][-1]["exit_code"] == 0


def test_the_result_tree_is_the_base_with_exactly_the_agents_changes(story: Story) -> None:
    root, before, after = story.machine.repo, {}, {}
    before, after = tree_files(root, story.base), tree_files(root, story.result)
    assert set(before) - set(after) == {"calc/old_name.py", "calc/unused.py"}
    assert set(after) - set(before) == {"calc/constants.py", "calc/mul.py"}
    changed = {path for path in set(before) & set(after) if before[path] != after[path]}
    assert changed == {"calc/add.py", "docs/guide.md"}
    assert after["calc/constants.py"] == before["calc/old_name.py"]
    assert content(root, story.result, "calc/add.py") == "def add(a, b):\n    return a + b + 0"
    assert content(root, story.result, "docs/guide.md") == "# Guide\n\nUse add, sub and the constants."


def test_git_sees_the_rename_and_the_deletion(story: Story) -> None:
    found = story.machine.git("diff", "-M", "--name-status", story.base, story.result).splitlines()
    assert "R100\tcalc/old_name.py\tcalc/constants.py" in found
    assert "D\tcalc/unused.py" in found


def test_every_landing_is_a_merge_commit_that_carries_the_audit_head(story: Story) -> None:
    root = story.machine.repo
    landings = commits(root, f"{story.base}..{story.result}", "--first-parent")
    assert len(landings) == 4
    heads = dict(story.machine.query("SELECT seq, hash FROM events"))
    for commit in landings:
        parents = story.machine.git("rev-list", "--parents", "-1", commit).split()[1:]
        assert len(parents) == 2
        found = trailers(root, commit)
        seq, digest = found["Audit-Head"].split(":")
        assert heads[int(seq)].hex() == digest
        assert found["Devassist-Run"] == story.json["run"]
    assert story.machine.git("rev-list", "--parents", "-1", landings[-1]).split()[1] == story.base


def test_agent_commits_have_a_fixed_author_the_users_committer_and_trailers(story: Story) -> None:
    root, seen = story.machine.repo, set()
    for commit in commits(root, f"{story.base}..{story.result}", "--no-merges"):
        author, committer = story.machine.git(
            "log", "-1", "--format=%an <%ae>%n%cn <%ce>", commit
        ).splitlines()
        assert author.startswith("devassist ")
        assert committer == f"{NAME} <{EMAIL}>"
        found = trailers(root, commit)
        assert found["Devassist-Run"] == story.json["run"]
        events = story.machine.query("SELECT type FROM events WHERE id = ?", found["Devassist-Event"])
        assert events[0][0].startswith("commit.")
        seen.add((found["Devassist-Task"], found["Devassist-Agent"]))
    assert {name for name, _ in seen} == {"t-edit", "t-move", "t-drop", "t-after"}
    assert ("t-edit", "t-edit/coder") in seen


def test_the_users_branch_index_files_and_stash_are_byte_for_byte_as_before(story: Story) -> None:
    assert Untouched.of(story.machine.repo) == story.before


def test_uncommitted_work_is_not_in_the_base_and_the_run_says_so(story: Story) -> None:
    assert "notes.txt" not in tree_files(story.machine.repo, story.result)
    assert "notes.txt" in story.done.err + str(story.json.get("warnings"))
    assert "--include-dirty" in story.done.err + str(story.json.get("warnings"))


def test_worktrees_lie_outside_the_repository_and_those_of_merged_tasks_are_gone(story: Story) -> None:
    for one in story.json["tasks"]:
        for agent in one["agents"]:
            assert not agent["worktree"].startswith(str(story.machine.repo))
            assert agent["worktree"].startswith(str(story.machine.state))
    assert story.machine.git("worktree", "list").count("\n") == 0


def test_tasks_really_ran_at_the_same_time(story: Story) -> None:
    assert story.machine.server.max_in_flight >= 3


def test_instructions_reach_the_model_verbatim(story: Story) -> None:
    for role in ("coder", "tester", "reviewer"):
        turns = story.machine.script.of("ALPHA", role)
        assert turns
        assert all(f"ALPHA {BRACES}: do it" in turn.words for turn in turns)


def test_other_tasks_are_known_by_id_and_title_only(story: Story) -> None:
    words = story.machine.script.of("ALPHA", "coder")[0].words
    assert "t-move" in words
    assert "title of t-move" in words
    assert "BRAVO" not in words


def test_the_system_message_begins_with_the_role(story: Story) -> None:
    for body in story.machine.server.requests:
        systems = [one["content"] for one in body["messages"] if one["role"] == "system"]
        assert systems
        assert re.match(r"You are (coder|tester|reviewer|documenter|researcher)\b", systems[0])


def test_findings_of_the_first_round_reach_the_second(story: Story) -> None:
    second = [turn for turn in story.machine.script.of("ALPHA", "coder") if turn.round == 2]
    assert "it subtracts" in second[0].words
    assert "the check fails" in second[0].words


def test_every_tool_result_ends_with_its_evidence_line(story: Story) -> None:
    results = [text for turn in story.machine.script.turns for text in turn.results]
    assert len(results) > 20
    for text in results:
        assert re.search(r"\nevidence: [A-Za-z0-9_-]+$", text), text


def test_a_role_sees_only_the_tools_it_may_use(story: Story) -> None:
    tools = {turn.role: set(turn.tools) for turn in story.machine.script.turns}
    assert {
        "write_file",
        "replace_in_file",
        "move_file",
        "run_checks",
        "submit_work",
        "request_scope",
    } <= tools["coder"]
    assert "submit_review" not in tools["coder"]
    assert "write_file" not in tools["reviewer"]
    assert "submit_review" in tools["reviewer"]
    assert not {"write_file", "delete_file", "submit_work"} & tools["researcher"]
    assert "submit_brief" in tools["researcher"]


def test_checks_failed_in_round_one_and_passed_in_round_two(story: Story) -> None:
    ran = story.machine.query(
        "SELECT round, agent, ok FROM tool_calls WHERE task = 't-edit' AND name = 'run_checks' ORDER BY seq"
    )
    assert (1, "t-edit/coder", 0) in ran
    assert (1, "t-edit/reviewer", 0) in ran
    assert (2, "t-edit/coder", 1) in ran
    assert (2, "t-edit/reviewer", 1) in ran


def test_the_key_is_in_no_output(story: Story) -> None:
    key = story.machine.environment["OPENAI_API_KEY"]
    assert key not in story.done.out
    assert key not in story.done.err
    for file in [story.machine.database, *story.machine.database.parent.glob("audit.db*")]:
        assert key.encode() not in file.read_bytes()

"""What can be asked about a run afterwards: the log, its views, the commands that look, and a replay without network."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.command_line import Done, Machine
from support.crewscript import CrewScript, edit, plan, sh, submit, task, write
from support.repos import commits, tree_files

VIEWS = "runs tasks agents model_calls tool_calls commands decisions handoffs approvals conflicts commits costs".split()
TYPES = (
    "run.started plan.submitted task.started worktree.opened agent.started model.called tool.called command.ran "
    "handoff.submitted claim.checked commit.created decision.made merge.approved merge.completed agent.finished "
    "task.finished run.finished"
).split()
PLAN = plan(
    task("one", "ALPHA with a peculiar-word", checks=["test -e calc/add.py"]),
    task("two", "BRAVO", role="documenter", review=False),
    goal="be inspected",
)


@dataclass
class Look:
    machine: Machine
    done: Done
    cassette: Path
    asked: int

    @property
    def document(self) -> dict[str, Any]:
        return self.done.lines[-1]

    @property
    def run(self) -> str:
        return self.document["run"]

    def ask(self, *args: str) -> Any:
        done = self.machine.devassist(*args, "--format", "json")
        assert done.code == 0, done
        return done.json


@pytest.fixture(scope="module")
def look(make_shared_machine: Callable[..., Machine]) -> Look:
    script = CrewScript()
    script.on(
        "ALPHA",
        "coder",
        edit("calc/add.py", "a + b", "b + a"),
        sh("echo marvellous-output"),
        submit("added", proves=[0, 1]),
    )
    script.on("BRAVO", "documenter", write("docs/new.md", "# New\n"), submit("written", proves=[0]))
    machine = make_shared_machine(script=script)
    cassette = machine.root / "cassette.jsonl"
    done = machine.run(PLAN, "--record", str(cassette), format_="ndjson")
    assert done.code == 0, done
    assert script.missing == []
    return Look(machine, done, cassette, len(machine.server.requests))


def test_ndjson_is_every_record_of_the_run_in_order_and_then_the_run(look: Look) -> None:
    *records, last = look.done.lines
    assert last["schema"] == "devassist.run/1"
    assert last["status"] == "succeeded"
    stored = look.machine.query("SELECT seq, id, type FROM events WHERE run = ? ORDER BY seq", look.run)
    assert [(one["seq"], one["id"], one["type"]) for one in records] == stored
    assert all({"at", "task", "agent", "data"} <= set(one) for one in records)


def test_the_events_table_is_as_documented_and_strict(look: Look) -> None:
    columns = [(name, kind) for _, name, kind, *_ in look.machine.query("PRAGMA table_info(events)")]
    assert columns == [
        ("seq", "INTEGER"), ("id", "TEXT"), ("at", "TEXT"), ("run", "TEXT"), ("task", "TEXT"), ("agent", "TEXT"),
        ("type", "TEXT"), ("parent", "TEXT"), ("data", "TEXT"), ("prev_hash", "BLOB"), ("hash", "BLOB"),
    ]  # fmt: skip
    (sql,) = look.machine.query("SELECT sql FROM sqlite_master WHERE name = 'events'")[0]
    assert "STRICT" in sql.upper()


@pytest.mark.parametrize("statement", ["UPDATE events SET task = 'x'", "DELETE FROM events"])
def test_events_cannot_be_changed_through_sql(look: Look, tmp_path: Path, statement: str) -> None:
    for file in look.machine.database.parent.glob("audit.db*"):
        shutil.copy(file, tmp_path)
    connection = sqlite3.connect(tmp_path / "audit.db")
    with pytest.raises(sqlite3.DatabaseError):
        connection.execute(statement)
    connection.close()


def test_all_documented_types_of_events_happened(look: Look) -> None:
    seen = {kind for (kind,) in look.machine.query("SELECT DISTINCT type FROM events")}
    assert set(TYPES) <= seen


@pytest.mark.parametrize("view", VIEWS)
def test_the_documented_views_answer(look: Look, view: str) -> None:
    rows = look.machine.query(f"SELECT * FROM {view} WHERE run = ?", look.run)
    assert rows or view in ("approvals", "conflicts")


def test_there_is_one_model_called_event_per_http_request(look: Look) -> None:
    ((count,),) = look.machine.query("SELECT COUNT(*) FROM model_calls WHERE run = ?", look.run)
    assert count == look.asked == look.document["usage"]["model_calls"]
    assert look.document["usage"]["input_tokens"] == 100 * count
    assert look.document["usage"]["output_tokens"] == 10 * count


def test_a_model_on_this_machine_costs_nothing_and_that_is_known(look: Look) -> None:
    usage = look.document["usage"]
    assert (usage["usd"], usage["unpriced_calls"], usage["cached_input_tokens"]) == (0, 0, 0)
    with open(look.document["report"], encoding="utf-8") as report:
        assert "the price of" not in report.read()
    assert look.machine.query("SELECT SUM(cached_input_tokens) FROM costs WHERE run = ?", look.run) == [(0,)]


def test_a_context_window_that_nobody_knows_is_said_before_the_run(look: Look) -> None:
    said = "the context window of openai/test-model is not known: 32,000 tokens are assumed"
    assert any(said in warning for warning in look.document["warnings"])


def test_prompts_and_replies_can_be_recovered(look: Look) -> None:
    first = look.machine.events(look.run, "model.called", agent="one/coder")[0]
    shown = json.dumps(look.ask("audit", "show", first["id"]), ensure_ascii=False)
    assert "ALPHA with a peculiar-word: do it" in shown
    assert "You are coder" in shown
    assert "replace_in_file" in shown
    assert "b + a" in shown


def test_tool_arguments_results_and_command_output_can_be_recovered_by_evidence_id(look: Look) -> None:
    turn = look.machine.script.of("ALPHA", "coder")[-1]
    edited = json.dumps(look.ask("audit", "show", turn.evidence(0)))
    assert "a + b" in edited
    assert "replaced in calc/add.py" in edited
    ran = json.dumps(look.ask("audit", "show", turn.evidence(1)))
    assert "echo marvellous-output" in ran
    assert "exit code 0" in ran
    text = look.machine.devassist("audit", "show", turn.evidence(1)).out
    assert "marvellous-output" in text


def test_every_decision_says_who_between_what_why_and_how_sure(look: Look) -> None:
    decisions = look.machine.events(look.run, "decision.made")
    assert decisions
    for one in decisions:
        assert {"who", "options", "choice", "reason", "confidence"} <= set(one["data"])
        assert one["data"]["who"].split()[0] in ("person", "policy", "agent")


def test_an_intent_is_recorded_before_each_effect(look: Look) -> None:
    order = [
        kind for (kind,) in look.machine.query("SELECT type FROM events WHERE task = 'two' ORDER BY seq")
    ]
    for effect in ("worktree.opened", "model.called", "tool.called", "commit.created", "merge.completed"):
        intent = {"worktree.opened": "worktree.open.intended"}.get(effect, effect.split(".")[0])
        earlier = order[: order.index(effect)]
        assert any(
            kind.endswith(".intended") and kind.startswith(intent.split(".")[0]) for kind in earlier
        ), (effect, order)


def test_the_log_verifies_and_is_anchored(look: Look) -> None:
    found = look.ask("audit", "verify")
    assert found["schema"] == "devassist.verify/1"
    assert found["ok"] is True
    assert found["problems"] == []
    assert found["anchored_to"] == found["events"] > 0
    assert (look.machine.state / "heads.log").read_text().count("\n") >= 1


def test_status_lists_the_run(look: Look) -> None:
    found = look.ask("status")
    assert found["schema"] == "devassist.status/1"
    (row,) = (one for one in found["runs"] if one["run"] == look.run)
    assert (row["status"], row["goal"], row["waiting"]) == ("succeeded", "be inspected", 0)
    assert row["tasks"] == {"merged": 2}
    assert row["started_at"]
    assert look.run in look.machine.devassist("status").out


def test_show_gives_the_same_document_as_the_run(look: Look) -> None:
    for name in (look.run, look.run[:-2]):
        assert look.ask("show", name) == look.document
    shown = look.ask("show", f"{look.run}/one")
    assert (shown["id"], shown["status"]) == ("one", "merged")


def test_diff_shows_the_net_change_and_its_stat(look: Look) -> None:
    stat = look.machine.devassist("diff", look.run, "--stat")
    assert stat.code == 0
    assert "docs/new.md" in stat.out
    assert "2 files changed" in stat.out
    full = look.machine.devassist("diff", look.run).out
    assert "+    return b + a" in full
    look.machine.git("apply", "--check", stdin=full.encode())


def test_logs_can_be_narrowed_to_an_agent(look: Look) -> None:
    everything = look.machine.devassist("logs", look.run)
    assert everything.code == 0
    assert len(everything.out.splitlines()) > 30
    found = look.ask("logs", look.run, "--agent", "one/reviewer")["events"]
    assert found
    assert {one["agent"] for one in found} == {"one/reviewer"}


def test_the_log_can_be_filtered_searched_and_tailed(look: Look) -> None:
    listed = look.ask(
        "audit",
        "list",
        "--run",
        look.run,
        "--task",
        "one",
        "--role",
        "tester",
        "--type",
        "tool.called",
        "--since",
        "1h",
    )
    assert listed["schema"] == "devassist.events/1"
    assert listed["events"]
    assert {(one["task"], one["agent"], one["type"]) for one in listed["events"]} == {
        ("one", "one/tester", "tool.called")
    }
    assert look.ask("audit", "list", "--until", "2001-01-01T00:00:00Z")["events"] == []
    found = look.ask("audit", "search", "MARVELLOUS-output", "--type", "command.ran", "--run", look.run)[
        "events"
    ]
    assert [one["type"] for one in found] == ["command.ran"]
    assert look.ask("audit", "search", "no-such-word-anywhere")["events"] == []
    assert len(look.ask("audit", "tail", "--limit", "3")["events"]) == 3


def test_a_replayed_run_needs_no_network_and_yields_the_same_trees(look: Look) -> None:
    machine, asked = look.machine, len(look.machine.server.requests)
    done = machine.run(
        PLAN, "--replay", str(look.cassette), OPENAI_API_BASE="http://127.0.0.1:9/v1", OPENAI_API_KEY=None
    )
    assert done.code == 0, done
    assert len(machine.server.requests) == asked
    assert done.json["run"] != look.run
    one, other = look.document["result_commit"], done.json["result_commit"]
    assert tree_files(machine.repo, one) == tree_files(machine.repo, other)
    base = look.document["base"]
    pairs = zip(
        commits(machine.repo, f"{base}..{one}", "--first-parent"),
        commits(machine.repo, f"{base}..{other}", "--first-parent"),
        strict=True,
    )
    for first, second in pairs:
        assert machine.git("rev-parse", f"{first}^{{tree}}") == machine.git("rev-parse", f"{second}^{{tree}}")


def test_replaying_a_cassette_that_lacks_a_reply_is_an_error_not_a_call(look: Look) -> None:
    other = plan(task("three", "CHARLIE, which nobody recorded", review=False))
    done = look.machine.run(other, "--replay", str(look.cassette), OPENAI_API_BASE="http://127.0.0.1:9/v1")
    assert done.code in (1, 5), done
    assert done.json["result_commit"] is None
    assert "cassette" in str(done.json)

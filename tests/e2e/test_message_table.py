"""
What devassist says when it cannot do what was asked: one table, to be read as a whole.

Each row is a command, its exit code and its stderr. `REPO` stands for the repository, `RUN` for its only run.
"""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript, Forever, plan, sh, submit, task, tool, write


@dataclass(frozen=True)
class Row:
    command: str
    code: int
    says: str
    environment: tuple[tuple[str, str | None], ...] = ()
    config: str = ""
    """The repository's .devassist.toml for this command."""


TABLE = [
    Row(
        "run",
        2,
        "error: there is no goal\nhint: devassist run 'what is wanted', or -f FILE, or - for stdin\n",
    ),
    Row(
        "run x -f goal.txt",
        2,
        "error: both a goal and -f are given\nhint: give one of them\n",
    ),
    Row(
        "run x --plan nope.json",
        2,
        "error: the plan cannot be read from REPO/nope.json: No such file or directory\n"
        "hint: paths are relative to -C or the current directory\n",
    ),
    Row(
        "run x --approve maybe",
        2,
        "error: Invalid value for '--approve': 'maybe' is not one of 'auto', 'ask', 'never'.\n"
        "hint: devassist run --help\n",
    ),
    Row(
        "run x --crew big",
        2,
        "error: Invalid value for '--crew': 'big' is not one of 'auto', 'solo', 'crew', 'plan'.\n"
        "hint: devassist run --help\n",
    ),
    Row(
        "run x --max-usd -1",
        2,
        "error: Invalid value for '--max-usd': -1.0 is not in the range x>=0.\nhint: devassist run --help\n",
    ),
    Row(
        "run x",
        5,
        "error: there is no model: none is configured, no key is in the environment, no server runs on this machine\n"
        "hint: one of these is enough\n"
        "  --model PROVIDER/NAME, or devassist config set model.default PROVIDER/NAME (in .devassist.toml)\n"
        "  a key in the environment: ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY, OPENROUTER_API_KEY, MISTRAL_API_KEY, GROQ_API_KEY, DEEPSEEK_API_KEY, XAI_API_KEY\n"
        "  OPENAI_API_BASE, for a server that speaks OpenAI's protocol\n"
        "  a server on this machine: Ollama (11434), LM Studio (1234), llama.cpp (8080)\n",
        environment=(("OPENAI_API_KEY", None), ("OPENAI_API_BASE", None)),
    ),
    Row(
        "show nope",
        2,
        "error: no run begins with 'nope'\nhint: name one of: RUN; tasks of RUN: one\n",
    ),
    Row(
        "show RUN/nope",
        2,
        "error: run RUN has no task 'nope'\nhint: its tasks: one\n",
    ),
    Row(
        "merge nope",
        2,
        "error: no run begins with 'nope'\nhint: name one of: RUN\n",
    ),
    Row(
        "stop RUN",
        2,
        "error: RUN has ended already (succeeded): there is nothing to stop\nhint: devassist show RUN\n",
    ),
    Row(
        "stop RUN --all",
        2,
        "error: a run and --all exclude each other\nhint: devassist stop RUN\n",
    ),
    Row(
        "undo RUN",
        1,
        "error: RUN was not landed anywhere\nhint: devassist merge RUN lands it\n",
    ),
    Row(
        "retry RUN nope",
        2,
        "error: RUN has no task 'nope'\nhint: its tasks: one\n",
    ),
    Row(
        "note RUN one ''",
        2,
        "error: the note is empty\nhint: devassist note RUN one 'what it should know'\n",
    ),
    Row(
        "note RUN one hello",
        1,
        "error: one of RUN is merged\nhint: devassist show RUN/one\n",
    ),
    Row(
        "approve nope",
        2,
        "error: no request begins with 'nope'\nhint: devassist inbox lists them\n",
    ),
    Row(
        "answer nope ''",
        2,
        "error: the answer is empty\nhint: devassist answer nope TEXT\n",
    ),
    Row(
        "reject nope",
        2,
        "error: Missing option '--reason'.\nhint: devassist reject --help\n",
    ),
    Row(
        "conflicts resove",
        2,
        "error: 'resove' is neither a branch nor a command of conflicts\nhint: devassist conflicts resolve\n",
    ),
    Row(
        "conflicts nope",
        2,
        "error: there is no branch 'nope'\nhint: git branch --all lists them\n",
    ),
    Row(
        "conflicts --levels deep",
        2,
        "error: there is no level 'deep'\nhint: Known: tree, text, symbol, manifest\n",
    ),
    Row(
        "conflicts show c-nope",
        2,
        "error: no conflict begins with 'c-nope'\nhint: devassist conflicts lists them\n",
    ),
    Row(
        "conflicts resolve",
        2,
        "error: no conflict is named\nhint: devassist conflicts lists them\n",
    ),
    Row(
        "audit show 99999",
        2,
        "error: no event 99999\nhint: list them with 'devassist audit list'\n",
    ),
    Row(
        "audit list --since yesterdayy",
        2,
        "error: 'yesterdayy' is not a time\nhint: write it as 2026-01-31 or 2026-01-31T12:00:00Z\n",
    ),
    Row(
        "report --format yaml",
        2,
        "error: Invalid value for '--format': 'yaml' is not one of 'markdown', 'html', 'json'.\n"
        "hint: devassist report --help\n",
    ),
    Row(
        "worktrees path nope",
        2,
        "error: there is no worktree 'nope'\nhint: devassist worktrees list\n",
    ),
    Row(
        "demo .",
        2,
        "error: REPO is not empty\nhint: devassist demo DIR with a new DIR\n",
    ),
    Row(
        "config get limit.max_usd",
        2,
        "error: there is no setting limit.max_usd\n"
        "hint: did you mean limits.max_usd or limits.max_rounds or limits.max_minutes? devassist config show lists them all\n",
    ),
    Row(
        "config set approvals.mode maybe",
        2,
        "error: REPO/.devassist.toml: approvals.mode = 'maybe' is not one of auto, ask, never\n"
        "hint: devassist config set approvals.mode auto\n",
    ),
    Row(
        "config set limits.max_usd lots",
        2,
        "error: limits.max_usd = lots is not a value for limits.max_usd\nhint: it is a number\n",
    ),
    Row(
        "config edit",
        2,
        "error: no editor is set\n"
        "hint: set GIT_EDITOR, VISUAL or EDITOR, or open REPO/.devassist.toml by hand\n",
    ),
    Row(
        "status",
        2,
        "error: REPO/.devassist.toml is not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 7)\n"
        "hint: devassist config edit opens it\n",
        config="[model\n",
    ),
    Row(
        "status",
        2,
        "error: REPO/.devassist.toml: unknown key model.defaul\n"
        "hint: Did you mean model.default? Known: model.default, model.fallbacks, model.api_base, model.timeout_s, model.max_retries, model.protocol, model.roles, model.params, model.role_params, model.prices\n",
        config='[model]\ndefaul = "x"\n',
    ),
    Row(
        "status",
        2,
        "error: REPO/.devassist.toml: approvals.mode = 'maybe' is not one of auto, ask, never\n"
        "hint: devassist config set approvals.mode auto\n",
        config='[approvals]\nmode = "maybe"\n',
    ),
    Row(
        "status",
        2,
        "error: REPO/.devassist.toml: limits.max_usd = 'lots' is not a number\n"
        "hint: devassist config edit opens it\n",
        config='[limits]\nmax_usd = "lots"\n',
    ),
    Row(
        "status",
        2,
        "error: environment: unknown variable DEVASSIST_LIMIT_MAX_USD\n"
        "hint: Did you mean DEVASSIST_LIMITS_MAX_USD?\n",
        environment=(("DEVASSIST_LIMIT_MAX_USD", "1"),),
    ),
    Row(
        "statsu",
        2,
        "error: No such command 'statsu'. Did you mean 'status'?\nhint: devassist --help\n",
    ),
    Row(
        "show --fromat json",
        2,
        "error: No such option: --fromat (Possible options: --format)\nhint: devassist show --help\n",
    ),
    Row(
        "-C /nonexistent status",
        2,
        "error: /nonexistent does not exist\nhint: Name a directory inside a git repository\n",
    ),
    Row(
        "-C / status",
        2,
        "error: / is not inside a git repository\n"
        "hint: name one with devassist -C DIR; in a new project, git init and a first commit make one\n",
    ),
]


@pytest.fixture(scope="module")
def machine(make_shared_machine: Callable[..., Machine]) -> Machine:
    script = CrewScript()
    script.on("CASE-one.", "coder", write("new.txt", "new\n"), submit(proves=[0]))
    machine = make_shared_machine(script=script, files={"text.txt": "old\n"})
    assert machine.run(plan(task("one", "CASE-one.", review=False))).code == 0
    return machine


@pytest.fixture(scope="module")
def fresh(make_shared_machine: Callable[..., Machine]) -> Machine:
    return make_shared_machine(files={"text.txt": "old\n"})


def said(machine: Machine, row: Row) -> tuple[int, str]:
    listed = machine.devassist("status", "--format", "json").json["runs"]
    run = listed[0]["run"] if listed else "RUN"
    file = machine.repo / ".devassist.toml"
    if row.config:
        file.write_text(row.config)
    try:
        done = machine.devassist(*shlex.split(row.command.replace("RUN", run)), **dict(row.environment))
    finally:
        file.unlink(missing_ok=True)
    return done.code, done.err.replace(run, "RUN").replace(str(machine.repo), "REPO")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.command)
def test_the_message_is_the_one_of_the_table(machine: Machine, row: Row) -> None:
    assert said(machine, row) == (row.code, row.says)


def test_a_repository_without_runs_says_so(make_machine: Callable[..., Machine]) -> None:
    fresh = make_machine(files={"text.txt": "old\n"})
    for command in ("merge nope", "stop", "show", "logs", "audit show 1", "watch"):
        done = fresh.devassist(*command.split())
        assert (done.code, done.err) == (
            2,
            "error: this repository has no runs yet\nhint: devassist run 'what is wanted' starts one\n",
        ), command


# Errors that need a repository in a state of its own ------------------------------------------------------


def test_a_plan_that_cannot_be_run_names_the_fault(fresh: Machine) -> None:
    file = fresh.repo / "plan.json"
    hint = "hint: Correct the plan; 'devassist run GOAL --plan-only --format json' prints the shape\n"
    cyclic = plan(task("a", "x", depends_on=["b"]), task("b", "x", depends_on=["a"]))
    faults = {
        "the dependencies have a cycle: a -> b -> a": cyclic,
        "task 'a': role 'boss' is not one a task may have (known: coder, documenter, tester, researcher)": plan(
            task("a", "x", role="boss")
        ),
    }
    for fault, document in faults.items():
        file.write_text(json.dumps(document))
        done = fresh.devassist("run", "--plan", "plan.json")
        assert (done.code, done.err) == (2, f"error: plan {file} cannot be run: {fault}\n{hint}")
    file.unlink()


def test_a_conflict_that_needs_a_person_says_how_to_answer(fresh: Machine) -> None:
    for name in ("a", "b"):
        fresh.git("checkout", "-q", "-b", f"feature-{name}", "main")
        (fresh.repo / "text.txt").write_text(f"{name}\n")
        fresh.git("commit", "-qam", name)
    fresh.git("checkout", "-q", "main")
    found = fresh.devassist("conflicts", "feature-a", "feature-b", "--format", "json").json["conflicts"][0][
        "id"
    ]
    done = fresh.devassist("conflicts", "resolve", found)
    assert (done.code, done.err) == (
        3,
        (
            f"error: {found} needs an answer: people have not resolved it before, and this is not a terminal\n"
            f"hint: devassist conflicts resolve {found} --take SIDE, --edit or --agent\n"
        ),
    )


def test_a_shallow_clone_is_refused_with_what_brings_its_history(fresh: Machine, tmp_path: Path) -> None:
    fresh.git("clone", "-q", "--depth", "1", f"file://{fresh.repo}", str(tmp_path / "shallow"))
    done = fresh.devassist("conflicts", "--all", cwd=tmp_path / "shallow")
    assert (done.code, done.err) == (
        6,
        (
            "error: the clone is shallow: without history no merge base is certain\n"
            "hint: git fetch --unshallow, or fetch-depth: 0 in CI\n"
        ),
    )


def test_limits_and_requests_are_said_although_nothing_else_is(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    script.on("ENDLESS", "coder", Forever(sh("true")))
    script.on("ASKS", "coder", tool("ask_human", question="Which?", options=["a", "b"]))
    machine = make_machine(script=script, files={"text.txt": "old\n"})
    file = machine.root / "plan.json"
    quiet = ("-q", "run", "--plan", str(file), "--model", "openai/test-model")
    file.write_text(json.dumps(plan(task("one", "ENDLESS", review=False))))
    done = machine.devassist(*quiet, "--max-turns-per-agent", "2")
    run = machine.devassist("status", "--format", "json").json["runs"][0]["run"]
    assert (done.code, done.err) == (
        4,
        (
            "error: task one: the agent has used its 2 turns\n"
            f"hint: devassist resume {run} with a higher limit, such as --max-usd or --max-minutes\n"
        ),
    )
    file.write_text(json.dumps(plan(task("one", "ASKS", review=False))))
    done = machine.devassist(*quiet)
    run = machine.devassist("status", "--format", "json").json["runs"][0]["run"]
    assert (done.code, done.err) == (
        3,
        f"error: {run} waits for you: 1 request\nhint: devassist inbox, then devassist resume {run}\n",
    )


def test_a_log_that_was_changed_says_from_where_on(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    script.on("CASE-one.", "coder", write("new.txt", "new\n"), submit(proves=[0]))
    machine = make_machine(script=script, files={"text.txt": "old\n"})
    machine.run(plan(task("one", "CASE-one.", review=False)))
    with closing(sqlite3.connect(machine.database)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE events SET task = 'two' WHERE seq = 7")
        connection.commit()
    done = machine.devassist("audit", "verify")
    assert done.code == 7, done
    assert "what is before seq 7 holds" in done.err

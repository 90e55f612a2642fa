"""devassist as a CI job: its files, its words to GitHub, its pull requests, and the jobs in examples/ci as they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.command_line import SOURCE, Done, Machine
from support.crewscript import CrewScript, edit, plan, submit, task, write
from support.repos import git, put

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
INJECTED = "fine\n::error file=a.py::injected ##[warning]too <script>alert(1)</script>"
LOUD = "printf '\\001\\033[31m::error::loud ]]>\\n'; test -e no-such-file || test ! -e bad.txt"


@dataclass
class Job:
    """One run as a job on GitHub: of four tasks one lands, one fails its check, one conflicts, one is unsure."""

    machine: Machine
    done: Done
    artifacts: Path
    summary: str
    outputs: dict[str, str]

    @property
    def run(self) -> str:
        return str(self.outputs["run"])


@pytest.fixture(scope="module")
def job(make_shared_machine: Callable[..., Machine]) -> Job:
    script = CrewScript()
    script.on(
        "CASE-good.",
        "coder",
        edit("docs/guide.md", "Use add and sub.", "Use add."),
        submit(INJECTED, proves=[0]),
    )
    script.on(
        "CASE-clash.", "coder", edit("docs/guide.md", "Use add and sub.", "Use sub."), submit(proves=[0])
    )
    script.on("CASE-bad.", "coder", write("bad.txt", "x\n"), submit(proves=[0]))
    script.on("CASE-unsure.", "coder", write("made/x.txt", "x\n"), submit(confidence=0.4, proves=[0]))
    machine = make_shared_machine(script=script)
    artifacts, summary, output = (machine.root / name for name in ("artifacts", "summary.md", "output.txt"))
    output.write_text("before=1\n")
    names = ("good", "clash", "bad", "unsure")
    machine.git("init", "-q", "--bare", str(machine.root / "remote.git"))
    machine.git("remote", "add", "origin", str(machine.root / "remote.git"))
    done = machine.run(
        plan(*[
            task(name, f"CASE-{name}.", review=False, checks=[LOUD] if name == "bad" else []) for name in names
        ]),
        GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary), GITHUB_OUTPUT=str(output),
        DEVASSIST_ARTIFACTS=str(artifacts), GITHUB_WORKSPACE=str(machine.root),
    )  # fmt: skip
    assert script.missing == []
    outputs = dict(one.split("=", 1) for one in output.read_text().splitlines())
    return Job(machine, done, artifacts, summary.read_text(), outputs)


def understood(text: str) -> list[str]:
    """The lines that GitHub's runner would take for commands."""
    return [one for one in re.split(r"\r\n|\r|\n", text) if one.strip().startswith("::") or "##[" in one]


def test_a_needed_approval_ends_the_job_with_three_and_nobody_is_asked(job: Job) -> None:
    assert job.done.code == 3, job.done
    assert job.done.json["status"] == "waiting"
    assert [one["kind"] for one in job.done.json["waiting"]] == ["merge"]


def test_run_json_is_what_was_answered_in_both_places(job: Job) -> None:
    kept = job.machine.repo / ".git" / "devassist" / "runs" / job.run / "run.json"
    for path in (kept, job.artifacts / "run.json"):
        assert json.loads(path.read_text("utf-8")) == job.done.json


def test_events_are_the_records_of_the_log(job: Job) -> None:
    events = [json.loads(one) for one in (job.artifacts / "events.ndjson").read_text("utf-8").splitlines()]
    logged = job.machine.query("select seq, id, type from events where run = ? order by seq", job.run)
    assert events[-1]["type"] == "run.finished"
    told = [(one["seq"], one["id"], one["type"]) for one in events]
    assert told == logged[: len(told)], "what was done with the result since may follow"


def test_junit_names_the_failed_check_and_what_did_not_land(job: Job) -> None:
    root = ET.fromstring((job.artifacts / "junit.xml").read_bytes())
    suites = {str(one.get("name")).partition(":")[0]: one for one in root}
    assert set(suites) == {"run", "good", "clash", "bad", "unsure"}
    assert suites["good"].get("errors") == "0"
    (failure,) = suites["bad"].iter("failure")
    assert failure.get("message") == "exit code 1"
    assert "loud" in (failure.text or "")
    assert {name for name, one in suites.items() if one.get("errors") != "0"} == {
        "run",
        "clash",
        "bad",
        "unsure",
    }


def test_the_conflict_is_sarif_and_the_reports_are_there(job: Job) -> None:
    found = json.loads((job.artifacts / "conflicts.sarif").read_text("utf-8"))
    assert [one["ruleId"] for one in found["runs"][0]["results"]] == ["content"]
    assert (job.artifacts / "report.md").read_text("utf-8").startswith(f"# Run {job.run}: waiting")
    page = (job.artifacts / "report.html").read_text("utf-8")
    assert "<svg" in page
    assert "<details>" in page, "the diff of a task, folded"


def test_outputs_and_the_summary_of_the_step_are_appended(job: Job) -> None:
    assert job.outputs == {
        "before": "1", "run": job.done.json["run"], "status": "waiting", "exit_code": "3",
        "result_branch": f"devassist/{job.run}/result", "result_commit": job.done.json["result_commit"],
    }  # fmt: skip
    assert job.summary == (job.artifacts / "report.md").read_text("utf-8")
    assert "<script>" not in job.summary.replace("\\<script\\>", "")


def test_annotations_are_ours_alone_whatever_an_agent_says(job: Job) -> None:
    sent = understood(job.done.err)
    assert sent
    assert all(one.startswith(("::error ", "::warning ", "::notice ")) for one in sent)
    assert any(one.startswith("::error file=repo/docs/guide.md,title=content conflict::") for one in sent)
    assert any("title=task bad is failed" in one for one in sent)
    assert "injected" in job.done.err, "what the agent said is still told"
    assert understood(job.done.out) == []
    shown = job.machine.devassist("audit", "show", _handoff(job), GITHUB_ACTIONS="true")
    assert "injected" in shown.out
    assert understood(shown.out) == []


def _handoff(job: Job) -> str:
    (row,) = job.machine.query("select id from events where type = 'handoff.submitted' and task = 'good'")
    return str(row[0])


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.names: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.names.add(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_report_reads_the_log_alone_in_every_form(job: Job, tmp_path: Path) -> None:
    machine = job.machine
    told = machine.devassist("report", job.run)
    assert told.code == 0, told
    before = (job.artifacts / "report.md").read_text("utf-8").partition("\n## Undo")[0]
    assert told.out.startswith(before), "what was done with the result since may follow"
    page = tmp_path / "page.html"
    written = machine.devassist("report", "@last", "--format", "html", "--output", str(page))
    assert (written.code, written.out) == (0, ""), written
    reader = Page()
    reader.feed(page.read_text("utf-8"))
    assert "script" not in reader.names
    assert "<script>alert(1)</script>" in "".join(reader.text)
    found = machine.devassist("report", job.run[:9], "--format", "json").json
    assert (found["schema"], found["summary"]) == ("devassist.report/1", job.done.json)
    assert machine.devassist("report", "no-such-run").code == 2
    assert machine.devassist("report", job.run, "--output", str(tmp_path)).code == 2


def fake_gh(directory: Path, *, code: int = 0) -> str:
    """A PATH that begins with a `gh` which notes its arguments."""
    directory.mkdir()
    gh = directory / "gh"
    gh.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{directory}/said"\n'
        f'if [ {code} != 0 ]; then echo "a pull request exists" >&2; exit {code}; fi\n'
        'echo "Creating pull request"; echo "https://github.example/us/repo/pull/7"\n'
    )
    gh.chmod(0o755)
    return f"{directory}{os.pathsep}{_without_gh()}"


def _without_gh() -> str:
    return os.pathsep.join(
        one for one in os.environ["PATH"].split(os.pathsep) if not (Path(one) / "gh").exists()
    )


def test_pr_pushes_and_proposes_and_does_neither_twice(job: Job, tmp_path: Path) -> None:
    machine, branch = job.machine, f"devassist/{job.run}/result"
    remote = machine.root / "remote.git"
    planned = machine.devassist("pr", job.run, "--dry-run", "--format", "json", PATH=_without_gh())
    assert (planned.code, planned.json["pushed"], planned.json["url"]) == (0, False, None), planned
    assert git(remote, "branch", "--list") == ""
    alone = machine.devassist("pr", job.run, "--title", "Better", PATH=_without_gh())
    assert alone.code == 0, alone
    assert alone.out.startswith(f"gh pr create --head={branch} --title=Better --body-file=")
    assert git(remote, "rev-parse", branch) == job.done.json["result_commit"]
    refused = machine.devassist("pr", job.run, PATH=fake_gh(tmp_path / "refusing", code=1))
    assert refused.code == 1, refused
    assert "a pull request exists" in refused.err
    path = fake_gh(tmp_path / "bin")
    opened = machine.devassist("pr", job.run, "--draft", "--base", "main", "--format", "json", PATH=path)
    assert opened.code == 0, opened
    assert opened.json["url"] == "https://github.example/us/repo/pull/7"
    words = (tmp_path / "bin" / "said").read_text().splitlines()
    assert words[:3] == ["pr", "create", f"--head={branch}"]
    assert {"--draft", "--base=main", "--title=make it better"} <= set(words)
    body = next(one for one in words if one.startswith("--body-file=")).partition("=")[2]
    assert Path(body).read_text("utf-8").startswith(f"# Run {job.run}")
    again = machine.devassist("pr", job.run, PATH=path)
    assert again.out.strip() == "https://github.example/us/repo/pull/7"
    assert (tmp_path / "bin" / "said").read_text().splitlines() == words
    sql = "select type from events where type in (?, ?, ?, ?) and data ->> 'remote' = 'origin' order by seq"
    kinds = ("pr.intended", "branch.pushed", "pr.refused", "pr.opened")
    types = [row[0] for row in machine.query(sql, *kinds)]
    once = ["pr.intended", "branch.pushed"]
    assert types == [*once, *once, "pr.refused", *once, "pr.opened", *once]
    assert machine.devassist("audit", "verify").code == 0


def test_a_push_that_is_refused_is_never_forced(job: Job) -> None:
    machine, branch = job.machine, f"devassist/{job.run}/result"
    other = machine.root / "other.git"
    machine.git("init", "-q", "--bare", str(other))
    machine.git("push", "-q", str(other), f"main:{branch}")
    foreign = machine.git("commit-tree", "-m", "somebody else's", "main^{tree}")
    machine.git("push", "-q", "-f", str(other), f"{foreign}:{branch}")
    machine.git("remote", "add", "other", str(other))
    done = machine.devassist("pr", job.run, "--remote", "other")
    assert done.code == 1, done
    assert "refused" in done.err
    assert "non-fast-forward" in done.err or "rejected" in done.err or "fetch first" in done.err
    assert git(other, "rev-parse", branch) == foreign
    missing = machine.devassist("pr", job.run, "--remote", "nowhere")
    assert missing.code == 2
    assert "git remote add nowhere" in missing.err


def test_a_job_of_a_forks_pull_request_says_which_settings_count(
    make_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    machine = make_machine()
    event = {
        "pull_request": {
            "base": {"sha": machine.git("rev-parse", "HEAD"), "repo": {"full_name": "us/repo"}},
            "head": {"repo": {"full_name": "them/repo", "fork": True}},
        }
    }
    (tmp_path / "event.json").write_text(json.dumps(event))
    put(machine.repo, {".devassist.toml": '[checks]\ncommands = ["curl evil.example"]\n'})
    job = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    shown = machine.devassist("config", "show", "--format", "json", **job)
    values = {one["key"]: one["value"] for one in shown.json["settings"]}
    assert values["checks.commands"] == []
    assert "them/repo" in shown.err


def test_in_a_shallow_clone_what_needs_history_is_refused_with_the_fetch_depth(
    make_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    machine = make_machine()
    first = machine.git("rev-parse", "HEAD")
    machine.git("commit", "-q", "--allow-empty", "-m", "second")
    machine.git("clone", "-q", "--depth", "1", f"file://{machine.repo}", str(tmp_path / "shallow"))
    for words in (
        ("conflicts", "--all"), ("conflicts", "order"), ("conflicts", "check", "README.md"),
        ("run", "a goal", "--base", first, "--model", "openai/test-model"),
    ):  # fmt: skip
        done = machine.devassist(*words, cwd=tmp_path / "shallow")
        assert done.code == 6, done
        assert "fetch-depth: 0" in done.err


PLAN = """
schema = "devassist.plan/1"
goal = "A note."
[[tasks]]
id = "note"
title = "A note in NOTES.md"
role = "documenter"
instructions = "Write NOTES.md."
checks = ["test -s NOTES.md"]
review = false
"""
WORDS = """
agents:
  note/documenter:
    - tools: [{write_file: {path: NOTES.md, content: "a note"}}]
    - tools: [{submit_work: {summary: wrote it, confidence: 0.9}}]
"""


@dataclass
class Workspace:
    """A clone as a CI makes it, with `devassist` on PATH, a plan and a script in it."""

    root: Path
    clone: Path
    environment: dict[str, str]

    def bash(self, script: str, **more: str) -> subprocess.CompletedProcess[str]:
        """As the runner does it: `bash -e` with pipefail, on a file."""
        file = self.root / "step.sh"
        file.write_text(script)
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)], cwd=self.clone, env={**self.environment, **more},
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path, imports: Path) -> Workspace:
    origin, clone, binaries = (tmp_path / name for name in ("origin", "work", "bin"))
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    put(origin, {"README.md": "a repository\n", "plan.toml": PLAN, "words.yaml": WORDS})
    git(origin, "add", "-A")
    git(origin, "commit", "-q", "-m", "base")
    git(origin, "clone", "-q", str(origin), str(clone))
    binaries.mkdir()
    shim = binaries / "devassist"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m devassist "$@"\n')
    shim.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{_without_gh()}",
        "PYTHONPATH": f"{imports}{os.pathsep}{SOURCE}",
        "DEVASSIST_STATE_DIR": str(tmp_path / "state"),
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "CI": "true",
    }
    (tmp_path / "temp").mkdir()
    return Workspace(tmp_path, clone, environment)


class Expressions:
    """`${{ ... }}` as a workflow has it; one that nobody gave a value for fails the test."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = dict(given)

    def filled(self, text: str) -> str:
        return re.sub(
            r"\$\{\{\s*([\w.]+)\s*\}\}",
            lambda found: {"vars.DEVASSIST_SOURCE": "git+x@1", **self.given}[found[1]],
            str(text),
        )


def run_job(
    workspace: Workspace, name: str, expressions: Expressions
) -> dict[str, subprocess.CompletedProcess[str]]:
    """Every `run:` step of a job of the example, in order, with its environment and outputs."""
    workflow = yaml.safe_load((EXAMPLES / "ci" / "github-actions.yml").read_text("utf-8"))
    found = workflow["jobs"][name]
    output = workspace.root / "output.txt"
    done: dict[str, subprocess.CompletedProcess[str]] = {}
    checkouts = [step for step in found["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert [one["with"]["fetch-depth"] for one in checkouts] == [0]
    for step in (step for step in found["steps"] if "run" in step):
        output.write_text("")
        given = {**found.get("env", {}), **step.get("env", {})}
        environment = {key: expressions.filled(value) for key, value in given.items()}
        done[step["name"]] = workspace.bash(
            step["run"], GITHUB_ACTIONS="true", GITHUB_OUTPUT=str(output),
            GITHUB_STEP_SUMMARY=str(workspace.root / "summary.md"), **environment,
        )  # fmt: skip
        if "id" in step:
            for line in output.read_text().splitlines():
                key, _, value = line.partition("=")
                expressions.given[f"steps.{step['id']}.outputs.{key}"] = value
    return done


def test_the_steps_of_the_example_workflow_do_what_they_say(workspace: Workspace) -> None:
    expressions = Expressions({
        "vars.DEVASSIST_MODEL": "scripted/words.yaml", "secrets.OPENAI_API_KEY": "", "github.token": "t",
        "inputs.plan": "plan.toml",
    })  # fmt: skip
    done = run_job(workspace, "run", expressions)
    assert {name: one.returncode for name, one in done.items()} == dict.fromkeys(done, 0), done
    artifacts = {one.name for one in (workspace.root / "temp" / "devassist").iterdir()}
    assert artifacts == {
        "run.json", "events.ndjson", "junit.xml", "report.md", "report.html", "branches.sarif",
    }  # fmt: skip
    assert done["Propose the result"].stdout.startswith("gh pr create --head=devassist/")
    run = expressions.given["steps.devassist.outputs.run"]
    assert git(workspace.root / "origin", "rev-parse", f"devassist/{run}/result")
    assert "1 conflict" not in (workspace.root / "summary.md").read_text()


def test_the_example_workflow_holds_a_pull_request_against_the_other_branches(workspace: Workspace) -> None:
    origin = workspace.root / "origin"
    for name, text in (("mine", "mine\n"), ("theirs", "theirs\n")):
        git(origin, "checkout", "-q", "-b", name, "main")
        put(origin, {"README.md": text})
        git(origin, "commit", "-q", "-am", name)
    git(origin, "checkout", "-q", "main")
    git(workspace.clone, "fetch", "-q")
    git(workspace.clone, "checkout", "-q", "--detach", "origin/mine")
    done = run_job(workspace, "conflicts", Expressions({"github.base_ref": "main"}))
    last = done["Hold this pull request against every other branch"]
    assert last.returncode == 1, last.stderr
    assert "::error file=README.md,line=1" in last.stderr
    found = json.loads((workspace.root / "temp" / "branches.sarif").read_text())
    assert [one["properties"]["branches"] for one in found["runs"][0]["results"]] == [
        ["HEAD", "origin/theirs"]
    ]


def test_the_example_shell_job_ends_as_the_run_does_and_leaves_its_files(workspace: Workspace) -> None:
    job = f"DEVASSIST_MODEL_DEFAULT=scripted/words.yaml {EXAMPLES / 'ci' / 'job.sh'} plan.toml out"
    done = workspace.bash(job)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "everything was delivered"
    out = workspace.clone / "out"
    assert json.loads((out / "answer.json").read_text()) == json.loads((out / "run.json").read_text())
    assert {"junit.xml", "report.html", "branches.sarif", "verify.txt"} <= {one.name for one in out.iterdir()}
    wrong = workspace.bash(f"{EXAMPLES / 'ci' / 'job.sh'} no-such-plan.toml out2")
    assert wrong.returncode == 2


def test_the_example_shell_job_refuses_a_shallow_clone(workspace: Workspace) -> None:
    git(workspace.root, "clone", "-q", "--depth", "1", f"file://{workspace.root / 'origin'}", "shallow")
    shallow = Workspace(workspace.root, workspace.root / "shallow", workspace.environment)
    done = shallow.bash(f"{EXAMPLES / 'ci' / 'job.sh'} plan.toml")
    assert (done.returncode, "fetch-depth: 0" in done.stderr) == (6, True), done.stderr

"""The embedded default and the examples, as a newcomer runs them; the demo is judged by its own log."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.cold

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def run(*words: str, cwd: Path, state: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "DEVASSIST_STATE_DIR": str(state),
        "DEVASSIST_WORKER_KEEP_WARM": "false",
        **more,
    }
    return subprocess.run(
        [sys.executable, "-P", *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, subprocess.CompletedProcess[str]]:
    where = tmp_path_factory.mktemp("demo")
    done = run("-m", "devassist", "demo", "shop", cwd=where, state=where / "state")
    return where / "shop", where / "state", done


def events(repository: Path) -> list[tuple[str, str, dict]]:
    log = sqlite3.connect(f"file:{repository}/.git/devassist/audit.db?mode=ro", uri=True)
    try:
        return [
            (kind, task, json.loads(data))
            for kind, task, data in log.execute("select type, task, data from events order by seq")
        ]
    finally:
        log.close()


def test_the_demo_succeeds_without_a_key_and_says_that_its_model_is_scripted(demo) -> None:
    _repository, _state, done = demo
    assert done.returncode == 0, done.stderr
    assert "The model is scripted" in done.stderr
    assert "devassist -C" in done.stdout
    assert "audit verify" in done.stdout


def test_the_demos_own_log_shows_that_everything_but_the_words_is_real(demo) -> None:
    repository, _state, _done = demo
    log = events(repository)
    workers = {data["pid"] for kind, _, data in log if kind == "worker.started"}
    assert len(workers) == 5, "the planning crew and four tasks, each in a process of its own"
    assert {data["sandbox"] for kind, _, data in log if kind == "worker.started"} <= {
        "bubblewrap",
        "landlock",
    }
    ran = [
        data
        for kind, task, data in log
        if kind == "command.ran" and task == "discount" and "pytest" in data["command"]
        if not data.get("cached")
    ]
    assert [data["exit_code"] for data in ran][:2] == [1, 0], "the check failed, then passed"
    assert all(data.get("tier") in ("bubblewrap", "landlock", None) for data in ran)
    assert {task for kind, task, _ in log if kind == "merge.completed" and task} == {
        "discount",
        "report",
        "tidy",
        "readme",
    }
    verdicts = [
        data["verdict"]
        for kind, task, data in log
        if kind == "handoff.submitted" and task == "discount" and data["verdict"]
    ]
    assert verdicts == ["request_changes", "approve"]
    at_once = 0
    busy: set[str] = set()
    for kind, task, _ in log:
        if kind == "worker.started":
            busy.add(task)
        elif kind == "worker.exited":
            busy.discard(task)
        at_once = max(at_once, len(busy))
    assert at_once >= 3


def test_the_demos_result_is_a_working_shop_and_its_log_verifies(demo) -> None:
    repository, state, _done = demo
    verified = run("-m", "devassist", "audit", "verify", "--format", "json", cwd=repository, state=state)
    assert json.loads(verified.stdout)["ok"], verified.stdout
    merged = run("-m", "devassist", "merge", "@last", cwd=repository, state=state)
    assert merged.returncode == 0, merged.stderr
    assert not (repository / "shop" / "legacy.py").exists()
    tested = run(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        cwd=repository,
        state=state,
        PYTHONPATH=str(repository),
    )
    assert tested.returncode == 0, tested.stdout


def test_the_tours_picture_is_drawn_from_a_runs_own_log(demo, tmp_path: Path) -> None:
    repository, state, _done = demo
    target = tmp_path / "tour.svg"
    done = run(str(EXAMPLES / "tour_svg.py"), str(target), str(repository), cwd=tmp_path, state=state)
    assert done.returncode == 0, done.stderr
    drawn = target.read_text()
    assert "succeeded" in drawn
    assert "discount" in drawn
    assert "@font-face" not in drawn, "nothing is loaded from the web"


def test_the_example_plan_runs_with_the_example_script(tmp_path: Path, imports: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "README.md").write_text("a repository\n")
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "base"]):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=repository, check=True
        )
    done = run(
        "-m",
        "devassist",
        "run",
        "--plan",
        str(EXAMPLES / "plan.toml"),
        "--model",
        f"scripted/{EXAMPLES / 'script.yaml'}",
        "--format",
        "json",
        cwd=repository,
        state=tmp_path / "state",
        PYTHONPATH=f"{imports}{os.pathsep}{ROOT / 'src'}",
    )
    assert done.returncode == 0, done.stderr
    assert [task["status"] for task in json.loads(done.stdout)["tasks"]] == ["merged", "merged"]
    shown = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", json.loads(done.stdout)["result_commit"]],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"greeting.py", "test_greeting.py", "NOTES.md"} <= set(shown.stdout.split())


def test_every_example_is_run_by_a_test() -> None:
    named = Path(__file__).read_text() + Path(__file__).with_name("test_ci.py").read_text()
    for example in EXAMPLES.rglob("*"):
        ran = example.name in named or example.suffix == ".svg" or example.is_dir()
        assert ran, f"{example.name} is run by no test"

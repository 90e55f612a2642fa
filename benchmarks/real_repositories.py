"""
Runs devassist on a repository that nobody here wrote, on demand: six tasks at once and a planning crew.

    python benchmarks/real_repositories.py REPOSITORY --check 'python -m pytest -q tests' \
        --edit src/pkg/module.py --rename docs/old.rst --delete docs/unused.rst

The model is the scripted HTTP server, reached through litellm; the repository's own tests are the checks. The plan is
made by the planning crew, whose first attempt has a cycle. One task edits an existing file, one renames, one deletes,
one adds a module whose test fails in round one and passes in round two, and two change the same line of one file, so
that the run ends `partial` with both branches kept. Everything is asserted on the state of the repository.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.crewscript import CrewScript
from support.openai_server import OpenAIServer, calls

SOURCE = str(Path(__file__).resolve().parents[1] / "src")


def git(repository: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=repository, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def submit(summary: str, at: int = -1):
    return lambda turn: calls(
        (
            "submit_work",
            {
                "summary": summary,
                "confidence": 0.9,
                "claims": [{"statement": summary, "evidence": turn.evidence(at)}],
            },
        )
    )


APPROVE = (
    "reviewer",
    calls(("show_diff", {})),
    calls(("submit_review", {"verdict": "approve", "summary": "right", "confidence": 0.9})),
)
TEST = ("tester", calls(("run_checks", {})), submit("the checks pass"))


def plan(given: argparse.Namespace, *, cyclic: bool) -> dict:
    def task(name: str, role: str, instructions: str, scope: list[str], **more: object) -> dict:
        return {"id": name, "title": name, "role": role, "instructions": instructions, "scope": scope, **more}

    tasks = [
        task("edit", "coder", "EDIT-IT add a constant", [given.edit], checks=[given.check]),
        task("rename", "documenter", "RENAME-IT move the file", [given.rename, given.rename + ".moved"]),
        task("delete", "documenter", "DELETE-IT remove the file", [given.delete]),
        task(
            "fresh",
            "coder",
            "FRESH-IT add a module with a test",
            ["devassist_fresh/**"],
            checks=["python -m pytest -q devassist_fresh -p no:cacheprovider"],
        ),
        task("left", "documenter", "LEFT-IT change the first line", [given.clash]),
        task("right", "documenter", "RIGHT-IT change the first line", [given.clash]),
    ]
    if cyclic:
        tasks[0]["depends_on"], tasks[1]["depends_on"] = ["rename"], ["edit"]
    return {"tasks": tasks, "rationale": "six small things", "confidence": 0.9}


def script(given: argparse.Namespace, repository: Path) -> CrewScript:
    first = (repository / given.edit).read_text().splitlines()
    anchor = next(line for line in first if line.startswith(("import ", "from ")) and first.count(line) == 1)
    clash = (repository / given.clash).read_text()
    crew = CrewScript()
    crew.on(
        "GOAL-IT",
        "researcher",
        calls(("list_files", {"path": "."})),
        calls(("submit_brief", {"summary": "looked", "findings": ["a repository"], "confidence": 0.9})),
    )
    crew.on(
        "GOAL-IT",
        "orchestrator",
        calls(("list_files", {})),
        calls(("submit_plan", plan(given, cyclic=True))),
        calls(("submit_plan", plan(given, cyclic=False))),
    )
    crew.on(
        "EDIT-IT",
        "coder",
        calls(("read_file", {"path": given.edit, "end_line": 40})),
        calls(
            (
                "replace_in_file",
                {"path": given.edit, "old": anchor, "new": f"{anchor}\n\nDEVASSIST_WAS_HERE = True"},
            )
        ),
        calls(("run_checks", {})),
        submit("edited"),
    )
    crew.on("EDIT-IT", *TEST)
    crew.on("EDIT-IT", *APPROVE)
    crew.on(
        "RENAME-IT",
        "documenter",
        calls(("move_file", {"path": given.rename, "new_path": given.rename + ".moved"})),
        submit("moved"),
    )
    crew.on("RENAME-IT", *APPROVE)
    crew.on("DELETE-IT", "documenter", calls(("delete_file", {"path": given.delete})), submit("deleted"))
    crew.on("DELETE-IT", *APPROVE)
    bad, good = "def double(n):\n    return n + 2\n", "def double(n):\n    return n * 2\n"
    test = "from devassist_fresh.double import double\n\n\ndef test_double():\n    assert double(5) == 10\n"
    crew.on(
        "FRESH-IT",
        "coder",
        calls(("write_file", {"path": "devassist_fresh/__init__.py", "content": ""})),
        calls(
            ("write_file", {"path": "devassist_fresh/double.py", "content": bad}),
            ("write_file", {"path": "devassist_fresh/test_double.py", "content": test}),
        ),
        submit("written, not run"),
        round=1,
    )
    crew.on(
        "FRESH-IT",
        "tester",
        calls(("run_checks", {})),
        calls(("submit_work", {"summary": "the check fails: 7 is not 10", "confidence": 0.9, "claims": []})),
        round=1,
    )
    crew.on(
        "FRESH-IT",
        "reviewer",
        calls(("show_diff", {})),
        calls(
            (
                "submit_review",
                {
                    "verdict": "request_changes",
                    "summary": "double is wrong",
                    "confidence": 0.9,
                    "findings": [
                        {
                            "path": "devassist_fresh/double.py",
                            "line": 2,
                            "severity": "error",
                            "comment": "times, not plus",
                        }
                    ],
                },
            )
        ),
        round=1,
    )
    crew.on(
        "FRESH-IT",
        "coder",
        calls(("write_file", {"path": "devassist_fresh/double.py", "content": good})),
        calls(("run_checks", {})),
        submit("fixed"),
        round=2,
    )
    crew.on("FRESH-IT", *TEST, round=2)
    crew.on("FRESH-IT", *APPROVE, round=2)
    for side in ("LEFT", "RIGHT"):
        crew.on(
            f"{side}-IT",
            "documenter",
            calls(("write_file", {"path": given.clash, "content": f"{side} was here first\n{clash}"})),
            submit(side),
        )
        crew.on(f"{side}-IT", *APPROVE)
    return crew


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("repository", type=Path)
    for name in ("check", "edit", "rename", "delete", "clash"):
        parser.add_argument(f"--{name}", required=name != "clash", default="README.md")
    given = parser.parse_args()
    repository = given.repository.resolve()
    before = (git(repository, "rev-parse", "HEAD"), git(repository, "status", "--porcelain"))
    crew = script(given, repository)
    started = time.monotonic()
    with OpenAIServer(crew, delay=0.3) as server, tempfile.TemporaryDirectory() as state:
        environment = {
            **os.environ,
            "PYTHONPATH": SOURCE,
            "OPENAI_API_KEY": "sk-scripted",
            "OPENAI_API_BASE": server.url,
            "DEVASSIST_STATE_DIR": state,
        }
        command = [
            sys.executable,
            "-P",
            "-m",
            "devassist",
            "run",
            "GOAL-IT",
            "--model",
            "openai/scripted",
            "--max-parallel",
            "6",
            "--format",
            "json",
        ]
        run = subprocess.run(
            command,
            cwd=repository,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=1800,
        )
        if not run.stdout.startswith("{"):
            sys.exit(f"exit {run.returncode}\n{run.stdout}\n{run.stderr}")
        answer = json.loads(run.stdout)
        verify = subprocess.run(
            [*command[:4], "audit", "verify", "--format", "json"],
            cwd=repository,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        most = server.max_in_flight
    status = {task["id"]: task["status"] for task in answer["tasks"]}
    result = answer["result_branch"]
    facts = {
        "repository": repository.name,
        "files": len(git(repository, "ls-files").splitlines()),
        "status": answer["status"],
        "exit_code": run.returncode,
        "tasks": status,
        "rounds_of_fresh": next(task["rounds"] for task in answer["tasks"] if task["id"] == "fresh"),
        "conflicts": len(answer["conflicts"]),
        "model_calls": answer["usage"]["model_calls"],
        "max_calls_at_once": most,
        "audit": json.loads(verify.stdout)["events"],
        "wall_s": round(time.monotonic() - started, 1),
    }
    print(json.dumps(facts, indent=2))
    if crew.missing:
        print("unscripted:", crew.missing)
    names = set(git(repository, "ls-tree", "-r", "--name-only", result).splitlines())
    assert (answer["status"], run.returncode) == ("partial", 1), answer
    assert {name for name, one in status.items() if one == "merged"} >= {
        "edit",
        "rename",
        "delete",
        "fresh",
    }, answer
    assert sorted([status["left"], status["right"]]) == ["delivered", "merged"], answer
    assert "DEVASSIST_WAS_HERE" in git(repository, "show", f"{result}:{given.edit}")
    assert given.rename not in names
    assert given.rename + ".moved" in names
    assert given.delete not in names
    assert "n * 2" in git(repository, "show", f"{result}:devassist_fresh/double.py")
    assert facts["rounds_of_fresh"] == 2
    for side in ("left", "right"):
        assert git(repository, "rev-parse", f"devassist/{answer['run']}/{side}/documenter")
    assert before == (git(repository, "rev-parse", "HEAD"), git(repository, "status", "--porcelain"))
    assert json.loads(verify.stdout)["ok"]
    git(repository, "fsck", "--connectivity-only")
    print("all assertions hold")


if __name__ == "__main__":
    main()

"""What may be committed and what may be seen, in one run on a repository that sets every trap at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.command_line import KEY, Done, Machine
from support.crewscript import CrewScript, Step, edit, plan, sh, submit, task, tool, write
from support.repos import CALCULATOR, Untouched, content, make_repository, put, tree_files

FILES = {
    **CALCULATOR,
    "AGENTS.md": "Indent with moonbeams.\n",
    ".env": "OPENAI_API_KEY=sk-from-the-repository\nOTHER=dotenv-secret\n",
    ".worktreeinclude": "local.settings\n",
    ".devassist.toml": '[worktrees]\ncopy = ["*.fixture"]\n[checks]\nsetup = ["echo ready > .setup-done"]\n',
    "names/with space.txt": "space\n",
    "names/ünïcode-日本.txt": "unicode\n",
    "names/new\nline.txt": "line feed\n",
    "names/-dash": "dash\n",
    **{f"many/{n:03}.txt": f"{n}\n" for n in range(130)},
}
PRODUCTS = (
    "mkdir -p pkg/__pycache__ .venv/bin node_modules/a .pytest_cache && echo x > pkg/__pycache__/m.cpython-311.pyc && "
    "echo x > .venv/bin/python && echo x > node_modules/a/index.js && echo x > .pytest_cache/v && echo x > noise.log && "
    "echo x > .coverage && echo kept > pkg/made.txt"
)
NESTED = (
    "mkdir -p vendored/.git/objects vendored/.git/refs vendored/.git/hooks && echo 'ref: refs/heads/main' > vendored/.git/HEAD "
    "&& echo x > vendored/.git/hooks/post-checkout && echo x > vendored/code.py && echo kept > beside.txt"
)
ON_PURPOSE = (
    "fixtures/node_modules/a/index.js", "fixtures/venv/pyvenv.cfg", "fixtures/.cache/x", "fixtures/noise.log",
    "fixtures/x.pyc", "fixtures/tree/deep/y.txt",
)  # fmt: skip
REFUSED = {
    "my.fixture": "it is the person's own untracked file",
    ".setup-done": "setup made it",
    "settings/.env": "commonly holds credentials",
    ".git/config": "one of its names as .git",
    ".gitmodules": "changes submodules",
    "made/a\u200bb.txt": "invisible characters",
}
PROBE = """
for file in '{repo}/README.md' '{repo}/.git/config' '{repo}/.git/devassist/audit.db' '{repo}/.env' '{home}/.gitconfig'; do
  cat "$file" >/dev/null 2>&1 && echo "CAN READ $file"; done
touch '{repo}/written.txt' '{repo}/.git/written' '{root}/written.txt' 2>/dev/null && echo "CAN WRITE"
python3 -c "import socket; socket.create_connection(('127.0.0.1', {port}), 2)" 2>/dev/null && echo "CAN CONNECT"
env | grep -c -e '{key}' -e sk-from-the -e 'dotenv-sec' | grep -v '^0$'
cat local.settings my.fixture .setup-done
echo probed
"""


@dataclass
class Trapped:
    machine: Machine
    done: Done
    markers: list[str]
    before: Untouched
    after: Untouched

    @property
    def files(self) -> dict[str, str]:
        return tree_files(self.machine.repo, self.done.json["result_commit"])

    def results(self, name: str) -> list[str]:
        return self.machine.script.of(f"CASE-{name}.", "coder")[-1].results


def poison(repo: Path, marker: Path) -> None:
    """Let everything that git could run on its own leave a file."""
    marker.mkdir()
    script = marker.parent / "evil.sh"
    script.write_text(f'#!/bin/sh\ntouch "{marker}/$(basename "$0")-$$"\ncat 2>/dev/null || true\n')
    script.chmod(0o755)
    hooks = repo / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in (
        "pre-commit prepare-commit-msg commit-msg post-commit post-checkout post-merge pre-merge-commit "
        "reference-transaction post-index-change pre-push post-rewrite fsmonitor-watchman applypatch-msg"
    ).split():
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    with (repo / ".git" / "config").open("a") as config:
        config.write(
            f'[core]\n\tfsmonitor = {script}\n\tpager = {script}\n\teditor = {script}\n[filter "evil"]\n\tclean = {script}\n'
            f'\tsmudge = {script}\n\trequired = true\n[diff "evil"]\n\tcommand = {script}\n\ttextconv = {script}\n'
            f'[merge "evil"]\n\tdriver = {script}\n[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = {script}\n'
        )
    (repo / ".git" / "info").mkdir(exist_ok=True)
    (repo / ".git" / "info" / "attributes").write_text("* diff=evil merge=evil\nREADME.md filter=evil\n")


def _script() -> CrewScript:
    script = CrewScript()

    def coder(name: str, *steps: Step) -> None:
        script.on(f"CASE-{name}.", "coder", *steps, submit(name))

    coder("scope", write("docs/outside.md", "x\n"), tool("move_file", path="calc/add.py", new_path="moved.py"),
          write("calc/inside.py", "x = 1\n"), sh("echo x > outside.txt && echo y > calc/side.py"))  # fmt: skip
    coder("products", sh(PRODUCTS), write("dist/on-purpose.txt", "x\n"), tool("show_diff"))
    coder("on-purpose", *[write(path, "on purpose\n") for path in ON_PURPOSE],
          tool("move_file", path="fixtures/tree", new_path="fixtures/node_modules/moved"), tool("show_diff"))  # fmt: skip
    coder("refused", *[write(path, "x\n") for path in REFUSED], write("made/refused.txt", "x\n"))
    coder("nested", sh(NESTED))
    coder("links", sh("ln -s /etc/passwd leak && ln -s ../../../.. up && ln -s add.py calc/alias.py"))
    coder("names", edit("names/with space.txt", "space", "SPACE"), edit("names/ünïcode-日本.txt", "unicode", "UNICODE"),
          edit("names/new\nline.txt", "line feed", "LINE FEED"), write("names/fresh ñ.txt", "fresh\n"))  # fmt: skip
    coder(
        "secrets",
        tool("read_file", path=".env"),
        tool("search_code", pattern="dotenv-sec"),
        write("made/secrets.txt", "x\n"),
    )
    coder("sensitive", write("package-lock.json", "{}\n"), write("Dockerfile", "FROM scratch\n"),
          write(".github/workflows/ci.yml", "on: push\n"))  # fmt: skip
    coder("deletes", sh("rm -r many"))
    return script


@pytest.fixture(scope="module")
def trapped(make_shared_machine: Callable[..., Machine], tmp_path_factory: pytest.TempPathFactory) -> Trapped:
    root = tmp_path_factory.mktemp("trapped")
    repo = make_repository(root / "repo", FILES)
    put(
        repo, {"local.settings": "LOCAL-SETTINGS\n", "my.fixture": "MY-FIXTURE\n", "other.txt": "untracked\n"}
    )
    before = Untouched.of(repo)
    poison(repo, root / "marker")
    script = _script()
    machine = make_shared_machine(script=script)
    machine.repo = repo
    text = PROBE.format(repo=repo, home=machine.home, root=machine.root, port=machine.server.port, key=KEY)
    script.on("CASE-probe.", "coder", sh(text), write("made/probe.txt", "x\n"), submit())
    names = (
        "products",
        "on-purpose",
        "refused",
        "nested",
        "links",
        "names",
        "secrets",
        "sensitive",
        "deletes",
        "probe",
    )
    tasks = [task(name, f"CASE-{name}.", review=False) for name in names]
    done = machine.run(
        plan(task("scope", "CASE-scope.", review=False, scope=["calc/**"]), *tasks), "--max-parallel", "8"
    )
    markers = sorted(file.name for file in (root / "marker").iterdir())
    (repo / ".git" / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n")
    (repo / ".git" / "info" / "attributes").unlink()
    for hook in (repo / ".git" / "hooks").iterdir():
        hook.unlink()
    assert script.missing == []
    return Trapped(machine, done, markers, before, Untouched.of(repo))


def test_everything_but_the_mass_deletion_lands(trapped: Trapped) -> None:
    statuses = {one["id"]: one["status"] for one in trapped.done.json["tasks"]}
    assert statuses.pop("deletes") == "waiting"
    assert set(statuses.values()) == {"merged"}, trapped.done


def test_no_hook_filter_driver_or_monitor_of_the_repository_ran(trapped: Trapped) -> None:
    assert trapped.markers == []


def test_the_checkout_is_untouched(trapped: Trapped) -> None:
    assert trapped.after == trapped.before


def test_a_mass_deletion_is_asked_about(trapped: Trapped) -> None:
    assert trapped.done.code == 3
    assert "130" in trapped.done.json["waiting"][0]["question"]
    assert sum(1 for path in trapped.files if path.startswith("many/")) == 130


def test_a_write_outside_scope_is_refused_and_names_the_way_out(trapped: Trapped) -> None:
    for text in trapped.results("scope")[:2]:
        assert "error" in text
        assert "request_scope" in text
    assert "docs/outside.md" not in trapped.files
    assert "calc/add.py" in trapped.files


def test_files_a_command_made_outside_scope_are_left_out_and_reported(trapped: Trapped) -> None:
    assert {"calc/inside.py", "calc/side.py"} <= set(trapped.files)
    assert "outside.txt" not in trapped.files
    assert any("outside.txt" in text for text in trapped.done.json["warnings"])


def test_build_products_and_ignored_files_are_never_committed(trapped: Trapped) -> None:
    assert "pkg/made.txt" in trapped.files
    bad = ("__pycache__", ".venv", "node_modules", ".pytest_cache", ".log", ".coverage")
    made = [path for path in trapped.files if not path.startswith("fixtures/")]
    assert [path for path in made if any(word in path for word in bad)] == []


def test_what_a_write_tool_wrote_is_committed_wherever_it_is(trapped: Trapped) -> None:
    landed = {path for path in trapped.files if path.startswith("fixtures/")}
    assert landed == {*ON_PURPOSE[:-1], "fixtures/node_modules/moved/deep/y.txt"}
    diff = trapped.results("on-purpose")[-1]
    for path in landed:
        assert path in diff


def test_what_could_not_land_is_refused_at_the_write_with_the_reason(trapped: Trapped) -> None:
    for (path, reason), text in zip(REFUSED.items(), trapped.results("refused"), strict=False):
        assert text.startswith("error: "), path
        assert reason in text, path
    assert not set(REFUSED) & set(trapped.files)


def test_what_setup_made_and_what_was_copied_in_is_not_the_agents_change(trapped: Trapped) -> None:
    assert not {"local.settings", "my.fixture", ".setup-done", "other.txt"} & set(trapped.files)


def test_the_diff_that_agents_see_is_what_will_be_committed(trapped: Trapped) -> None:
    text = trapped.results("products")[2]
    assert "pkg/made.txt" in text
    assert "dist/on-purpose.txt" in text
    for word in ("node_modules", "LOCAL-SETTINGS", "MY-FIXTURE", ".setup-done", "__pycache__"):
        assert word not in text
    assert "dist/on-purpose.txt" in trapped.files


def test_a_repository_inside_the_worktree_is_not_committed(trapped: Trapped) -> None:
    assert "beside.txt" in trapped.files
    assert [path for path in trapped.files if path.startswith("vendored")] == []
    assert any("vendored" in text for text in trapped.done.json["warnings"])


def test_a_link_out_of_the_tree_is_not_committed_and_one_inside_is(trapped: Trapped) -> None:
    assert not {"leak", "up"} & set(trapped.files)
    assert content(trapped.machine.repo, trapped.done.json["result_commit"], "calc/alias.py") == "add.py"
    assert any("leak" in text for text in trapped.done.json["warnings"])


def test_names_with_spaces_and_unicode_can_be_edited_and_none_is_lost(trapped: Trapped) -> None:
    root, result = trapped.machine.repo, trapped.done.json["result_commit"]
    assert content(root, result, "names/with space.txt") == "SPACE"
    assert content(root, result, "names/ünïcode-日本.txt") == "UNICODE"
    assert content(root, result, "names/fresh ñ.txt") == "fresh"
    assert content(root, result, "names/-dash") == "dash"
    assert content(root, result, "names/new\nline.txt") == "LINE FEED"


def test_files_that_set_something_off_are_committed_and_said(trapped: Trapped) -> None:
    assert {"package-lock.json", "Dockerfile", ".github/workflows/ci.yml"} <= set(trapped.files)
    for path in ("package-lock.json", "Dockerfile", ".github/workflows/ci.yml"):
        assert any(path in text for text in trapped.done.json["warnings"])


def test_the_env_file_of_the_repository_is_neither_loaded_nor_shown(trapped: Trapped) -> None:
    keys = {headers.get("authorization") for headers in trapped.machine.server.headers}
    assert keys == {f"Bearer {KEY}"}
    assert "dotenv-secret" not in str(trapped.machine.server.requests)
    assert "error" in trapped.results("secrets")[0]
    assert trapped.machine.query("SELECT COUNT(*) FROM events WHERE data LIKE '%dotenv-secret%'") == [(0,)]
    assert ".env" in trapped.files


def test_a_sandboxed_command_reaches_no_network_no_checkout_and_no_secret(trapped: Trapped) -> None:
    text = trapped.results("probe")[0]
    assert "probed" in text
    assert "CAN READ" not in text
    assert "CAN WRITE" not in text
    assert "CAN CONNECT" not in text
    assert not [line for line in text.splitlines() if line.isdigit()]


def test_no_worktree_of_a_merged_task_is_left_over(trapped: Trapped) -> None:
    listed = trapped.machine.devassist(
        "worktrees", "list", "--format", "json", cwd=trapped.machine.repo
    ).json["worktrees"]
    left = {one["branch"].split("/")[2] for one in listed}
    assert "deletes" in left
    assert not {"products", "secrets", "probe"} & left


def test_untracked_files_that_were_named_are_copied_and_setup_ran(trapped: Trapped) -> None:
    text = trapped.results("probe")[0]
    assert "LOCAL-SETTINGS" in text
    assert "MY-FIXTURE" in text
    assert "ready" in text
    ran = trapped.machine.query("SELECT COUNT(*) FROM commands WHERE purpose = 'setup' AND exit_code = 0")
    assert ran[0][0] >= 8


def test_the_projects_own_guidance_reaches_agents_as_a_quotation(trapped: Trapped) -> None:
    words = trapped.machine.script.of("CASE-scope.", "coder")[0].words
    assert "AGENTS.md" in words
    assert "> Indent with moonbeams." in words


def test_agent_commits_are_unsigned_whatever_the_configuration_says(trapped: Trapped) -> None:
    span = f"{trapped.done.json['base']}..{trapped.done.json['result_commit']}"
    assert set(trapped.machine.git("log", "--format=%G?", span).split()) == {"N"}


def test_the_sandbox_that_was_used_is_on_record(trapped: Trapped) -> None:
    tiers = {tier for (tier,) in trapped.machine.query("SELECT DISTINCT tier FROM commands")}
    assert len(tiers) == 1
    assert tiers <= {"bubblewrap", "landlock"}

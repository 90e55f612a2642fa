"""What a command sees of the person's tools: all that PATH needs, and nothing private."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devassist.sandbox.editable import editable_leak, site_packages
from devassist.sandbox.toolchain import command_environment, toolchain_directories


def program(path: Path, link: Path | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if link is None:
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    else:
        path.symlink_to(link)
    return path


def venv(root: Path, base: Path) -> Path:
    program(root / "bin/python", base / "python3")
    (root / "pyvenv.cfg").write_text(f"home = {base}\nversion = 3.11.7\n")
    (root / "lib/python3.11/site-packages").mkdir(parents=True)
    return root


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A person's home, with a repository, a pyenv, a cargo, an nvm, pipx, and secrets."""
    home = tmp_path.resolve() / "home"
    program(home / ".pyenv/versions/3.11.7/bin/python3")
    (home / ".pyenv/versions/3.11.7/lib").mkdir()
    program(home / ".pyenv/libexec/pyenv")
    program(home / ".pyenv/shims/python")
    program(home / ".cargo/bin/cargo")
    (home / ".cargo/credentials.toml").write_text("secret")
    (home / ".rustup/toolchains").mkdir(parents=True)
    program(home / ".nvm/versions/node/v20/bin/node")
    (home / ".nvm/versions/node/v20/lib").mkdir()
    venv(home / ".local/share/pipx/venvs/tool", home / ".pyenv/versions/3.11.7/bin")
    program(home / ".local/share/pipx/venvs/tool/bin/tool")
    program(home / ".local/bin/tool", home / ".local/share/pipx/venvs/tool/bin/tool")
    (home / ".local/lib").mkdir()
    (home / ".ssh").mkdir()
    venv(home / "src/repo/.venv", home / ".pyenv/versions/3.11.7/bin")
    return home


def bound(home: Path, *entries: Path | str) -> list[str]:
    path = ":".join(str(entry) for entry in entries)
    found = toolchain_directories(path, repository=home / "src/repo", home=home)
    return [str(place.relative_to(home)) if place.is_relative_to(home) else str(place) for place in found]


def test_a_venv_brings_its_base_python(home: Path) -> None:
    assert bound(home, home / "src/repo/.venv/bin") == [".pyenv/versions/3.11.7", "src/repo/.venv"]


def test_version_managers_are_bound_without_their_secrets(home: Path) -> None:
    assert bound(home, home / ".cargo/bin") == [".rustup", ".cargo/bin"]
    assert bound(home, home / ".nvm/versions/node/v20/bin") == [".nvm/versions/node/v20"]
    assert bound(home, home / ".pyenv/shims") == [".pyenv/libexec", ".pyenv/shims", ".pyenv/versions"]


def test_local_bin_brings_what_its_links_lead_to_and_not_the_rest(home: Path) -> None:
    assert bound(home, home / ".local/bin") == [
        ".local/bin", ".pyenv/versions/3.11.7", ".local/share/pipx/venvs/tool",
    ]  # fmt: skip


def test_the_system_needs_no_binding_and_nonsense_is_ignored(home: Path) -> None:
    assert bound(home, "/usr/bin", "/bin", "relative", ".", "", "/no/such/place") == []


@pytest.mark.parametrize("place", ["", ".ssh", ".config/tool/bin", "src", "src/repo", "src/repo/scripts", ".local", ".local/share"])  # fmt: skip
def test_home_private_places_and_the_checkout_are_never_bound(place: str, home: Path) -> None:
    program(home / place / "x")
    assert bound(home, home / place) == []


def test_a_prefix_that_is_home_or_holds_the_repository_is_not_bound(home: Path) -> None:
    program(home / "bin/x")
    (home / "lib").mkdir()
    program(home / "src/bin/x")
    (home / "src/lib").mkdir()
    assert bound(home, home / "bin", home / "src/bin") == ["bin", "src/bin"]


def test_a_link_into_the_checkout_or_a_private_place_binds_nothing_there(home: Path) -> None:
    program(home / "src/repo/scripts/run")
    program(home / ".ssh/bin/agent")
    program(home / "bin/run", home / "src/repo/scripts/run")
    program(home / "bin/agent", home / ".ssh/bin/agent")
    program(home / "bin/round", home / "bin/round")
    assert bound(home, home / "bin") == ["bin"]


def test_a_linked_directory_is_bound_by_both_names(home: Path) -> None:
    program(home / "opt/tool-1/bin/tool")
    (home / "opt/tool").symlink_to("tool-1")
    assert bound(home, home / "opt/tool/bin") == ["opt/tool-1/bin", "opt/tool/bin"]


def environment(home: Path, host: dict[str, str], prefix: Path | None = None, **extra: str) -> dict[str, str]:
    return command_environment(
        host,
        private=home / "private",
        python_prefix=prefix or Path("/usr"),
        repository=home / "src/repo",
        worktree=home / "wt",
        extra=extra,
    )


def test_the_environment_is_an_allow_list(home: Path) -> None:
    host = {
        "OPENAI_API_KEY": "k", "AWS_SECRET_ACCESS_KEY": "k", "LD_PRELOAD": "x", "PYTHONPATH": "x", "SSH_AUTH_SOCK": "x",
        "LC_ALL": "C", "LANG": "de_DE.UTF-8", "TZ": "UTC", "TERM": "xterm", "USER": "me", "HOME": "/home/me", "lc_x": "y",
    }  # fmt: skip
    found = environment(home, host, EXTRA="given", CI="false")
    assert {name: found[name] for name in ("LC_ALL", "LANG", "TZ", "TERM", "USER", "LOGNAME", "CI", "EXTRA")} == {
        "LC_ALL": "C", "LANG": "de_DE.UTF-8", "TZ": "UTC", "TERM": "dumb", "USER": "agent", "LOGNAME": "agent",
        "CI": "false", "EXTRA": "given",
    }  # fmt: skip
    assert not {
        "OPENAI_API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "LD_PRELOAD",
        "PYTHONPATH",
        "SSH_AUTH_SOCK",
        "lc_x",
    } & set(found)
    private = str(home / "private")
    assert all(
        value.startswith(private)
        for name, value in found.items()
        if name in ("HOME", "TMPDIR") or name.startswith("XDG_")
    )


def test_the_project_s_venv_comes_first_and_the_checkout_s_own_programs_not_at_all(home: Path) -> None:
    program(home / "src/repo/node_modules/.bin/git")
    program(home / "wt/bin/git")
    program(home / "venvs/active/bin/python")
    host = {
        "PATH": f"{home}/src/repo/node_modules/.bin:.::bin:{home}/wt/bin:{home}/.cargo/bin:/usr/bin:/none",
        "VIRTUAL_ENV": str(home / "venvs/active"),
    }
    ours = program(home / "ours/bin/python").parent.parent
    path = environment(home, host, ours)["PATH"].split(":")
    assert path[:5] == [
        f"{home}/src/repo/.venv/bin", f"{home}/venvs/active/bin", f"{home}/ours/bin", f"{home}/.cargo/bin", "/usr/bin",
    ]  # fmt: skip
    assert set(path[5:]) <= {"/usr/local/bin", "/bin"}


@pytest.mark.parametrize("place", [".local/share/pipx/venvs/tool", ".local/share/uv/tools/devassist"])
def test_a_tool_managed_python_goes_last(place: str, home: Path) -> None:
    program(home / place / "bin/python")
    path = environment(home, {"PATH": "/usr/bin"}, home / place)["PATH"].split(":")
    assert path[-1] == str(home / place / "bin")


def test_shims_are_told_where_their_parts_are(home: Path) -> None:
    found = environment(home, {"PATH": f"{home}/.cargo/bin:{home}/.pyenv/shims"})
    assert (found["RUSTUP_HOME"], found["PYENV_ROOT"]) == (f"{home}/.rustup", f"{home}/.pyenv")


# ------------------------------------------------------------------------------------------------


@pytest.fixture
def packages(home: Path) -> Path:
    return home / "src/repo/.venv/lib/python3.11/site-packages"


def leaks(packages: Path, home: Path) -> list[str]:
    return [
        line.removeprefix(f"{packages}/").replace(str(home), "~")
        for line in editable_leak([packages], home / "src/repo")
    ]


def test_every_kind_of_editable_install_is_found(packages: Path, home: Path) -> None:
    repo = home / "src/repo"
    (packages / "a.pth").write_text(f"# comment\n\n{repo}/src\n")
    (packages / "b.pth").write_text("import __editable___b_finder; __editable___b_finder.install()\n")
    (packages / "__editable___b_finder.py").write_text(f"MAPPING = {{'b': '{repo}/b'}}\nNAMESPACES = {{}}\n")
    (packages / "c.egg-link").write_text(f"{repo}\n.")
    (packages / "d-1.dist-info").mkdir()
    (packages / "d-1.dist-info/direct_url.json").write_text(
        json.dumps({"url": f"file://{repo}", "dir_info": {"editable": True}})
    )
    (packages / "e.pth").write_text(f"import sys; sys.path.insert(0, '{repo}/e')\n")
    (packages / "f.pth").write_text("../../../../src\n")
    found = leaks(packages, home)
    assert [line.split(" makes ")[0] for line in found] == [
        "a.pth", "e.pth", "f.pth", "c.egg-link", "__editable___b_finder.py", "d-1.dist-info/direct_url.json",
    ]  # fmt: skip
    assert (
        found[0] == "a.pth makes Python import ~/src/repo/src from the main checkout, not from the worktree"
    )


def test_what_is_no_leak_is_not_reported(packages: Path, home: Path) -> None:
    (packages / "a.pth").write_text(f"{home}/src/repo-other\n{packages}/sub\nimport os\n")
    (packages / "d-1.dist-info").mkdir()
    (packages / "d-1.dist-info/direct_url.json").write_text(
        json.dumps({"url": f"file://{home}/src/repo", "dir_info": {}})
    )
    (packages / "e-1.dist-info").mkdir()
    (packages / "e-1.dist-info/direct_url.json").write_text("not json")
    assert leaks(packages, home) == []


def test_a_link_to_the_checkout_is_a_leak_too(packages: Path, home: Path) -> None:
    (home / "alias").symlink_to(home / "src/repo")
    (packages / "a.pth").write_text(f"{home}/alias/src\n")
    assert len(leaks(packages, home)) == 1


def test_site_packages_are_those_of_the_pythons_on_path(packages: Path, home: Path) -> None:
    (home / ".pyenv/versions/3.11.7/lib/python3.11/site-packages").mkdir(parents=True)
    found = site_packages(f"{home}/src/repo/.venv/bin:{home}/.cargo/bin:{home}/.pyenv/shims:relative")
    assert [str(place.relative_to(home)) for place in found] == [
        "src/repo/.venv/lib/python3.11/site-packages", ".pyenv/versions/3.11.7/lib/python3.11/site-packages",
    ]  # fmt: skip

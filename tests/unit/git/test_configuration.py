"""The configuration that the environment names counts for libgit2 and for the git commands that devassist starts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ConfigLevel

from devassist.app.wiring.host import Host
from devassist.app.wiring.project import open_project
from devassist.git.command import locate_git
from devassist.git.configuration import command_settings
from devassist.git.handles import open_handle
from devassist.git.hardened import HardenedGit
from devassist.git.repository import Repository
from support.repos import make_repository, put

_LEVELS = (ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.SYSTEM)


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    before = {level: pygit2.settings.search_path[level] for level in _LEVELS}
    yield
    for level, path in before.items():
        pygit2.settings.search_path[level] = path or ""


class Place:
    """A home directory and a repository, opened with an environment."""

    def __init__(self, base: Path) -> None:
        self.base, self.home = base, base / "home"
        self.root = make_repository(base / "repo", {"a.txt": "a\n"})
        put(self.home, {".gitconfig": "[user]\n\tname = Home\n\temail = home@x\n"})

    def environment(self, **more: str) -> dict[str, str]:
        plain = {"HOME": str(self.home), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
        return {**plain, "DEVASSIST_STATE_DIR": str(self.base / "state"), **more}

    def open(self, **more: str) -> Repository:
        return open_project(Host(environment=self.environment(**more), directory=self.root)).repository

    def check(self, key: str, value: str, **more: str) -> None:
        """libgit2, git itself and the hardened git say that `key` is `value`."""
        repository = self.open(**more)
        assert repository.setting(key) == value
        assert self.git(self.environment(**more), key) == value
        hardened = HardenedGit.open(locate_git(os.environ["PATH"]), repository.git_dir, repository.workdir)
        assert hardened.run("config", "--get", key).output.decode().rstrip("\n") == value

    def git(self, environment: Mapping[str, str], key: str) -> str:
        done = subprocess.run(
            ["git", "config", "--get", key],
            cwd=self.root,
            env=dict(environment),
            capture_output=True,
            check=False,
        )
        return done.stdout.decode().rstrip("\n")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_such_variables_the_home_directory_counts(place: Place) -> None:
    place.check("user.name", "Home")


def test_a_named_global_file_takes_the_place_of_both_usual_ones(place: Place) -> None:
    put(
        place.home,
        {
            ".config/git/config": "[user]\n\tsigningkey = XDG\n",
            "~odd": "",
            "also.cfg": "[core]\n\teol = lf\n",
        },
    )
    put(place.base, {'o"dd name.cfg': "[user]\n\tname = Named\n[include]\n\tpath = ~/also.cfg\n"})
    place.check("user.signingkey", "XDG")
    named = str(place.base / 'o"dd name.cfg')
    place.check("user.name", "Named", GIT_CONFIG_GLOBAL=named)
    place.check("user.email", "", GIT_CONFIG_GLOBAL=named)
    place.check("user.signingkey", "", GIT_CONFIG_GLOBAL=named)
    place.check("core.eol", "lf", GIT_CONFIG_GLOBAL=named)
    place.check("user.name", "", GIT_CONFIG_GLOBAL="/dev/null")
    place.check("user.name", "Home")


def test_a_relative_include_starts_beside_the_named_file(place: Place) -> None:
    put(place.base, {"d/main.cfg": "[include]\n\tpath = more.cfg\n", "d/more.cfg": "[user]\n\tname = More\n"})
    place.check("user.name", "More", GIT_CONFIG_GLOBAL=str(place.base / "d/main.cfg"))


def test_a_named_system_file_counts_below_the_persons_own(place: Place) -> None:
    put(place.base, {"system.cfg": "[user]\n\tname = System\n[core]\n\tautocrlf = input\n"})
    system = {"GIT_CONFIG_SYSTEM": str(place.base / "system.cfg"), "GIT_CONFIG_NOSYSTEM": ""}
    place.check("user.name", "Home", **system)
    place.check("core.autocrlf", "input", **system)
    place.check("core.autocrlf", "", **(system | {"GIT_CONFIG_NOSYSTEM": "true"}))


def test_settings_one_by_one_count_over_the_repositorys_own(place: Place) -> None:
    subprocess.run(["git", "config", "user.name", "Local"], cwd=place.root, check=True)
    counted = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": 'Counted "x"; # y',
        "GIT_CONFIG_KEY_1": "merge.my driver.name",
        "GIT_CONFIG_VALUE_1": "z",
    }
    place.check("user.name", 'Counted "x"; # y', **counted)
    place.check("merge.my driver.name", "z", **counted)
    place.check("user.email", "home@x", **counted)
    place.check("user.name", "One more", GIT_CONFIG_PARAMETERS="'user.name'='One more'")
    place.check("user.name", "Older", GIT_CONFIG_PARAMETERS="'user.name=Older'")
    assert command_settings({"GIT_CONFIG_PARAMETERS": "'core.bare'"}) == (("core.bare", "true"),)
    place.check("user.name", "Local")


def test_secrets_in_single_settings_are_not_written_down(place: Place) -> None:
    place.open(
        GIT_CONFIG_PARAMETERS="'http.https://x.extraheader'='AUTHORIZATION: basic c2VjcmV0' 'user.name'='Me'"
    )
    files = [path for path in (place.base / "state/git-configuration").rglob("*") if path.is_file()]
    assert files
    assert not any(b"c2VjcmV0" in path.read_bytes() for path in files)


def test_single_settings_hold_in_agents_worktrees_too(place: Place) -> None:
    subprocess.run(["git", "worktree", "add", "-q", "../side"], cwd=place.root, check=True)
    place.open(GIT_CONFIG_PARAMETERS="'core.autocrlf'='input'")
    assert open_handle(place.root / ".git/worktrees/side").config["core.autocrlf"] == "input"


@pytest.mark.parametrize(
    "condition",
    [
        "gitdir:{base}/",
        "gitdir/i:{base}/REPO/.git",
        "onbranch:ma*",
        "hasconfig:remote.*.url:https://work.example/**",
    ],
)
def test_a_conditional_include_counts_as_for_git(place: Place, condition: str) -> None:
    subprocess.run(
        ["git", "remote", "add", "origin", "https://work.example/team/x.git"], cwd=place.root, check=True
    )
    put(
        place.home,
        {
            ".gitconfig": "[user]\n\tname = Home\n"
            f'[includeIf "{condition.format(base=place.base)}"]\n\tpath = ~/work.cfg\n'
            '[includeIf "gitdir:/elsewhere/"]\n\tpath = ~/other.cfg\n'
            '[includeIf "hasconfig:remote.*.url:https://other.example/**"]\n\tpath = ~/other.cfg\n',
            "work.cfg": "[user]\n\tname = Work\n",
            "other.cfg": "[user]\n\tname = Other\n",
        },
    )
    assert place.open().signature({}).name == "Work"
    assert place.git(place.environment(), "user.name") == "Work"


def test_the_environments_trust_in_a_directory_is_read(place: Place) -> None:
    put(place.base, {"safe.cfg": f"[safe]\n\tdirectory = {place.root}\n"})
    place.check("safe.directory", str(place.root), GIT_CONFIG_GLOBAL=str(place.base / "safe.cfg"))

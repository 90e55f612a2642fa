"""A probe believes the host's state, names what failed, and never falls back by itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from devassist.domain.errors import SandboxUnavailable
from devassist.domain.settings import SandboxMode
from devassist.domain.statuses import SandboxTier
from devassist.ports import CommandResult, SandboxSpec
from devassist.sandbox import landlock, probe
from devassist.sandbox.bubblewrap import BubblewrapSandbox, find_program
from devassist.sandbox.landlock import LandlockSandbox
from devassist.sandbox.probe import choose, require
from devassist.sandbox.unsafe import UnsafeSandbox

pytestmark = pytest.mark.enable_socket


@dataclass
class FakeTier:
    """A tier that does to the scene what the test says."""

    act: Callable[[Path], None]

    tier = SandboxTier.BUBBLEWRAP

    def run(self, command: str, spec: SandboxSpec, *, timeout_s: float) -> CommandResult:
        self.act(spec.worktree)
        if "connect" in self.act.__name__:
            subprocess.run(["/bin/sh", "-c", command.rsplit(";", 1)[1]], cwd=spec.worktree, check=True)
        return CommandResult(exit_code=0, output="what it said", seconds=0)


def good(worktree: Path) -> None:
    (worktree / "inside").write_text((worktree.parent / "readable/shown").read_text())
    (worktree / "tried").touch()


def leaks(worktree: Path) -> None:
    good(worktree)
    (worktree / "leak").write_text("something")


def writes(worktree: Path) -> None:
    good(worktree)
    (worktree.parent / "outside/file").write_text("x")


def creates(worktree: Path) -> None:
    good(worktree)
    (worktree.parent / "outside/new").write_text("x")


def does_nothing(_: Path) -> None:
    pass


def does_not_try(worktree: Path) -> None:
    good(worktree)
    (worktree / "tried").unlink()


def connects(worktree: Path) -> None:
    good(worktree)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (leaks, "read a masked file"),
        (writes, "write outside"),
        (creates, "write outside"),
        (does_nothing, "could not read and write what it must: what it said"),
        (does_not_try, "could not be tried"),
        (connects, "reach a server"),
    ],
)
def test_a_sandbox_that_does_not_hold_is_found_out(
    act: Callable[[Path], None], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(probe._TIERS, "bubblewrap", lambda: FakeTier(act))
    found = choose(SandboxMode.BUBBLEWRAP, scratch=tmp_path)
    assert (found.sandbox, found.tier) == (None, "")
    assert sentence in found.reports[0].detail
    assert os.listdir(tmp_path) == []


def test_one_that_holds_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeTier(good)
    monkeypatch.setitem(probe._TIERS, "bubblewrap", lambda: fake)
    found = choose(SandboxMode.AUTO, scratch=tmp_path / "made/when/missing")
    assert (require(found), found.tier, found.missing, len(found.reports)) == (fake, "bubblewrap", (), 1)


def nothing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 2)
    monkeypatch.setitem(probe._TIERS, "bubblewrap", lambda: BubblewrapSandbox(program=None))


def test_nothing_works_and_nobody_said_to_go_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_works(monkeypatch)
    found = choose(SandboxMode.AUTO, scratch=tmp_path)
    assert [(report.tier, report.ok) for report in found.reports] == [
        ("bubblewrap", False),
        ("landlock", False),
    ]
    with pytest.raises(SandboxUnavailable, match="Landlock is version 2 here and 3 is needed") as caught:
        require(found)
    assert "devassist doctor" in caught.value.hint
    assert "--unsafe-no-sandbox" in caught.value.hint
    assert caught.value.exit_code == 6


def test_going_without_needs_the_word_and_says_what_it_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_works(monkeypatch)
    found = choose(SandboxMode.AUTO, scratch=tmp_path, allow_unsafe=True)
    assert isinstance(require(found), UnsafeSandbox)
    assert (found.tier, len(found.missing)) == ("none", 1)


def test_the_person_asking_for_one_tier_gets_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(probe._TIERS, "bubblewrap", lambda: BubblewrapSandbox(program=None))
    assert choose(SandboxMode.BUBBLEWRAP, scratch=tmp_path).sandbox is None


def test_bwrap_is_never_taken_from_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program() in (None, Path("/usr/bin/bwrap"), Path("/usr/local/bin/bwrap"), Path("/bin/bwrap"))


@pytest.mark.skipif(landlock.abi() < landlock.OLDEST_ABI, reason="no Landlock here")
def test_a_real_probe_passes_and_says_what_landlock_lacks(tmp_path: Path) -> None:
    found = choose(SandboxMode.LANDLOCK, scratch=tmp_path)
    assert isinstance(found.sandbox, LandlockSandbox), found.reports
    assert any(".git pointer" in sentence for sentence in found.missing)
    assert len(landlock.missing_guarantees(3)) == len(landlock.missing_guarantees(6)) + 1


@pytest.mark.skipif(landlock.abi() < landlock.OLDEST_ABI, reason="no Landlock here")
def test_a_quotation_mark_in_a_directory_name_is_no_missing_sandbox(tmp_path: Path) -> None:
    found = choose(SandboxMode.LANDLOCK, scratch=tmp_path / """it's "here" $HOME""")
    assert isinstance(found.sandbox, LandlockSandbox), found.reports


@pytest.mark.parametrize("lacking", ["landlock_create_ruleset", "landlock_restrict_self", "capset"])
def test_a_kernel_that_refuses_is_a_clear_error(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if landlock.abi() < landlock.OLDEST_ABI:
        pytest.skip("no Landlock here")
    sandbox, version, real = LandlockSandbox(), landlock.abi(), landlock.kernel.call

    def refusing(name: str, *arguments: object) -> int:
        if name == lacking:
            raise PermissionError(1, "Operation not permitted")
        return real(name, *arguments)

    monkeypatch.setattr(landlock, "abi", lambda: version)
    monkeypatch.setattr(landlock.kernel, "call", refusing)
    (tmp_path / "p").mkdir()
    with pytest.raises(SandboxUnavailable, match="not permitted"):
        sandbox.run("touch made", SandboxSpec(worktree=tmp_path, private=tmp_path / "p"), timeout_s=5)
    assert not (tmp_path / "made").exists()

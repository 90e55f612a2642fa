"""The built wheel in an empty environment does what the checkout does: nothing it needs was left out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (file,) = target.glob("*.whl")
    return file


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and its dependencies; the checkout is not on any path of it."""
    place = tmp_path_factory.mktemp("installed") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, timeout=60)
    (packages,) = place.glob("lib/python*/site-packages")
    ours = shutil.ignore_patterns("devassist*", "*editable*devassist*", "*.pth", "mypy", "ruff*", "ty")
    shutil.copytree(
        sysconfig.get_path("purelib"),
        packages,
        ignore=ours,
        copy_function=_link_or_copy,
        dirs_exist_ok=True,
        symlinks=True,
    )
    install = ["uv", "pip", "install", "-q", "--offline", "--no-deps", "--python", str(place), str(wheel)]
    subprocess.run([sys.executable, "-m", *install], check=True, timeout=60)
    return place


def _devassist(environment: Path, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    bare = {"PATH": os.environ["PATH"], "HOME": str(cwd), "DEVASSIST_STATE_DIR": str(cwd / "state")}
    return subprocess.run(
        [environment / "bin" / "devassist", *args],
        cwd=cwd,
        env=bare,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "src/devassist"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    files = {name.removeprefix("src/") for name in listed.stdout.splitlines()}
    if not files:  # a source archive
        pytest.skip("not a git checkout")
    with zipfile.ZipFile(wheel) as archive:
        assert files <= set(archive.namelist())
    assert any(name.endswith((".yaml", ".css")) for name in files)


def test_the_demo_runs_from_the_installed_package_in_another_directory(
    environment: Path, tmp_path: Path
) -> None:
    done = _devassist(environment, "demo", "shop", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    repository = tmp_path / "shop"
    assert _devassist(environment, "-C", str(repository), "audit", "verify", cwd=tmp_path).returncode == 0
    page = _devassist(environment, "-C", str(repository), "report", "@last", "--format", "html", cwd=tmp_path)
    assert page.returncode == 0, page.stderr
    assert "<style>" in page.stdout

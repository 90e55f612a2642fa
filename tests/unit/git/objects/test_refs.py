"""Refs move by compare-and-swap, however many write them."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from devassist.domain.errors import RepositoryChanged, RepositoryError
from unit.git.test_support import ME, Lab, new_lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return new_lab(tmp_path)


def test_moving_a_ref_is_compare_and_swap(lab: Lab) -> None:
    first = lab.git("rev-parse", "HEAD")
    second = lab.commit({"n": "1"})
    repository = lab.repository
    repository.create_ref("refs/heads/devassist/x", first)
    with pytest.raises(RepositoryError, match="already exists"):
        repository.create_ref("refs/heads/devassist/x", second)
    repository.move_ref("refs/heads/devassist/x", old=first, new=second, message="m\nn")
    with pytest.raises(RepositoryChanged):
        repository.move_ref("refs/heads/devassist/x", old=first, new=second, message="m")
    with pytest.raises(RepositoryChanged):
        repository.delete_ref("refs/heads/devassist/x", old=first)
    lab.git("pack-refs", "--all")
    assert repository.branch_tip("devassist/x") == second
    repository.delete_ref("refs/heads/devassist/x", old=second)
    assert repository.branch_tip("devassist/x") is None
    repository.delete_ref("refs/heads/devassist/x", old=second)
    with pytest.raises(RepositoryChanged):
        repository.move_ref("refs/heads/devassist/x", old=first, new=second, message="m")
    lab.check_sound(lab.root)


@pytest.mark.thorough
def test_eight_writers_on_one_ref_lose_nothing_while_git_packs_refs(lab: Lab) -> None:
    start = lab.git("rev-parse", "HEAD")
    lab.repository.create_ref("refs/heads/devassist/race", start)
    stop, errors = threading.Event(), []

    def pack() -> None:
        while not stop.wait(0.005):
            subprocess.run(
                ["git", "pack-refs", "--all"], cwd=lab.root, env=lab.env, capture_output=True, check=False
            )

    def writer(number: int) -> None:
        repository = lab.repository
        done = 0
        while done < 10:
            old = repository.branch_tip("devassist/race") or ""
            new = repository.commit_tree(repository.tree_of(old), (old,), f"{number}-{done}\n", ME, ME)
            try:
                repository.move_ref("refs/heads/devassist/race", old=old, new=new, message="race")
            except RepositoryChanged:
                continue
            except BaseException as error:
                errors.append(error)
                return
            done += 1

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(8)]
    packer = threading.Thread(target=pack)
    packer.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    packer.join()
    assert errors == []
    assert lab.git("rev-list", "--count", f"{start}..devassist/race") == "80"
    lab.check_sound(lab.root)

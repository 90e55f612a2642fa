"""Merged texts: what we put together is what git puts together."""

from __future__ import annotations

import random
import subprocess

from devassist.conflicts.syntax.three_way import merged_text


def git_merges(folder, base: bytes, one: bytes, other: bytes) -> bytes | None:
    names = [folder / name for name in ("one", "base", "other")]
    for name, text in zip(names, (one, base, other), strict=True):
        name.write_bytes(text)
    done = subprocess.run(["git", "merge-file", "-p", "-q", *names], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def edited(lines: list[bytes], chance: random.Random) -> bytes:
    found = list(lines)
    for number in range(chance.randint(1, 3)):
        at = chance.randrange(len(found))
        match chance.randint(0, 2):
            case 0:
                found[at] = b"changed %d %d\n" % (number, chance.randint(0, 9))
            case 1:
                del found[at]
            case _:
                found.insert(at, b"new %d %d\n" % (number, chance.randint(0, 9)))
    return b"".join(found)


def test_a_merged_text_is_the_one_that_git_makes(tmp_path) -> None:
    chance = random.Random(7)
    made = 0
    for _ in range(150):
        lines = [b"line %d\n" % number for number in range(chance.randint(6, 40))]
        one, other = edited(lines, chance), edited(lines, chance)
        found = merged_text(b"".join(lines), one, other)
        if found is not None:
            made += 1
            assert found == git_merges(tmp_path, b"".join(lines), one, other)
    assert made > 30


def test_equal_changes_are_made_once_and_touching_ones_are_not_merged() -> None:
    base = b"a\nb\nc\nd\n"
    assert merged_text(base, b"a\nB\nc\nd\n", b"a\nB\nc\nD\n") == b"a\nB\nc\nD\n"
    assert merged_text(base, b"a\nB\nc\nd\n", b"a\nb\nC\nd\n") is None
    assert merged_text(base, b"a\r\nb\nc\nd\n", b"a\nb\nc\nd\nno end") == b"a\r\nb\nc\nd\nno end"
    assert merged_text(b"a\0", b"b\0", b"a\0") is None

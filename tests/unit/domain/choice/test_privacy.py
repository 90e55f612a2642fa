"""Which paths are private, whatever their spelling, and which tasks are about them."""

from __future__ import annotations

import pytest

from devassist.domain.choice.privacy import NOTHING, OPEN, PrivatePaths, Secrecy
from devassist.domain.plan import PlanTask
from devassist.domain.roles import Role

PATHS = ("src/a.py", "src/deep/b.key", "secret/x/y.txt", "secret/z", "docs/secret", "top.key")


def task(*scope: str, private: bool = False) -> PlanTask:
    return PlanTask(id="t1", title="t", role=Role.CODER, scope=scope, private=private)


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("secret/", ["secret/x/y.txt", "secret/z", "docs/secret"]),
        ("/secret", ["secret/x/y.txt", "secret/z"]),
        ("secret/**", ["secret/x/y.txt", "secret/z"]),
        ("./secret/x", ["secret/x/y.txt"]),
        ("SECRET/X/", ["secret/x/y.txt"]),
        ("*.key", ["src/deep/b.key", "top.key"]),
        ("src/*.key", []),
        ("src/**/*.KEY", ["src/deep/b.key"]),
        ("s[de]cret/*", ["secret/x/y.txt", "secret/z"]),
        ("**", list(PATHS)),
        ("[z-a].key", []),
        ("", []),
        ("/", []),
    ],
)
def test_a_pattern_is_read_as_git_reads_it_but_in_any_case(pattern: str, covered: list[str]) -> None:
    private = PrivatePaths((pattern,))
    assert [path for path in PATHS if private.cover(path)] == covered
    assert private.visible(PATHS) == [path for path in PATHS if path not in covered]
    assert private.matching_nothing(PATHS) == ([] if covered else [pattern])


def test_a_pattern_that_is_no_expression_is_taken_letter_by_letter() -> None:
    assert PrivatePaths(("[z-a].key",)).cover("keys/[z-a].key")


def test_a_directory_and_what_is_below_it_are_private() -> None:
    private = PrivatePaths(("secret/**",))
    assert private.cover("secret")
    assert private.cover("secret/")
    assert not private.cover("secrets")


def test_the_tops_are_the_fewest_paths_that_hold_all_that_is_private() -> None:
    assert PrivatePaths(("secret/", "b.key")).tops(PATHS) == ["src/deep/b.key", "secret", "docs/secret"]


@pytest.mark.parametrize(
    ("scope", "private"),
    [
        ((), False),
        (("src/**",), True),
        (("src/*.py",), False),
        (("secret/new.py",), True),
        (("Secret/**",), True),
        (("src/new.KEY",), True),
        (("docs/guide.md",), False),
        (("**",), True),
        (("other/**",), False),
    ],
)
def test_a_task_is_about_private_paths_that_its_scope_holds_or_names(
    scope: tuple[str, ...], private: bool
) -> None:
    secrecy = Secrecy(paths=PrivatePaths(("/secret/", "*.key")), files=PATHS, cloud=True)
    assert secrecy.is_private(task(*scope)) is private
    assert bool(secrecy.hidden_in(task(*scope))) is not private


def test_a_plan_can_call_a_task_private_without_a_path() -> None:
    assert OPEN.is_private(task(private=True))
    assert OPEN.hidden_in(None) == NOTHING


def test_nothing_is_hidden_where_no_model_is_in_the_cloud() -> None:
    secrecy = Secrecy(paths=PrivatePaths(("secret",)), files=PATHS)
    assert secrecy.hidden_in(None) == NOTHING
    assert not secrecy.withholds(task("secret/**"), task("src/a.py"))


def test_what_a_private_task_says_is_kept_from_open_ones_and_from_nobody_else() -> None:
    secrecy = Secrecy(paths=PrivatePaths(("secret",)), files=PATHS, cloud=True)
    hidden, open_ = task("secret/**"), task("src/a.py")
    assert secrecy.withholds(hidden, open_)
    assert secrecy.withholds(hidden, None)
    assert not secrecy.withholds(hidden, hidden)
    assert not secrecy.withholds(open_, hidden)
    assert not secrecy.withholds(None, open_)


def test_pathspecs_are_git_s_own_and_leave_out_at_any_depth() -> None:
    assert PrivatePaths(("secret/", "a/b", "")).pathspecs() == [
        ":(top,exclude,icase,glob)**/secret",
        ":(top,exclude,icase,glob)**/secret/**",
        ":(top,exclude,icase,glob)a/b",
        ":(top,exclude,icase,glob)a/b/**",
    ]

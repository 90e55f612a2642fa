"""What a report of clashing requirements says: sentence, places, severity."""

from __future__ import annotations

from unit.conflicts.manifests.workshop import (
    Workshop,
    pyproject,
)


def test_the_sentence_has_both_branches_values_and_lines(workshop: Workshop) -> None:
    (found,) = workshop.detect(pyproject("a"), pyproject("a", "lib>=3"), pyproject("lib<3", "a"))
    assert found.explanation == (
        "alpha asks for lib >=3 (pyproject.toml:5), beta for lib <3 (pyproject.toml:4); nothing satisfies both"
    )
    assert [(one.branch, one.start_line) for one in found.locations] == [("alpha", 5), ("beta", 4)]


def test_every_place_that_matters_is_named(workshop: Workshop) -> None:
    two = "[project.optional-dependencies]\ndev = ['lib<3', 'lib<2']\n"
    (found,) = workshop.detect(pyproject(), pyproject("lib>=3"), pyproject(more=two))
    assert [(one.branch, one.start_line) for one in found.locations] == [("alpha", 4), ("beta", 6)]
    (found,) = workshop.detect(pyproject(), pyproject("lib>=3"), pyproject("lib<3", more=two))
    assert [(one.branch, one.start_line) for one in found.locations] == [
        ("alpha", 4),
        ("beta", 4),
        ("beta", 7),
    ]


def test_every_pair_of_three_is_compared(workshop: Workshop) -> None:
    found = workshop.detect(pyproject(), pyproject("lib==1"), pyproject("lib==2"), pyproject("lib==3"))
    assert [one.branches for one in found] == [("alpha", "beta"), ("alpha", "gamma"), ("beta", "gamma")]


def test_one_symbol_is_one_conflict_with_the_worst_severity(workshop: Workshop) -> None:
    ours = {"requirements.txt": "lib>=3\n", "package.json": '{"dependencies": {"lib": "1"}}'}
    theirs = {"requirements.txt": "lib>=2\n", "package.json": '{"dependencies": {"lib": "2"}}'}
    (found,) = workshop.detect({}, ours, theirs)
    assert str(found.severity) == "error"
    assert {place.path for place in found.locations} == {"requirements.txt", "package.json"}

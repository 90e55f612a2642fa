"""Which of a project's guidance agents are given."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from devassist.app.runs.guidance import guidance_of, sections_on_code
from devassist.domain.guidance import Guidance

CONTRIBUTING = """\
# Contributing

Thank you for wanting to help!

## Code of conduct

Be kind.

## Reporting bugs

Open an issue.

## Running the tests

    pytest -q

```sh
# Not a heading
tox
```

## Pull requests

Sign the CLA.

## Code style

Ruff decides.
"""
RST = """\
Contributing
============

Welcome.

Coding guidelines
-----------------

Follow PEP 8.

Getting support
---------------

Ask on Discord.
"""


def given(files: Mapping[str, str]) -> Guidance:
    return guidance_of(list(files), lambda path: files[path])


def test_what_is_written_for_agents_is_given_whole() -> None:
    text = "Use tabs.\n" * 900
    assert given({"AGENTS.md": text, "src/a.py": ""}).whole == {"AGENTS.md": text.strip()}


def test_of_a_contributing_only_the_sections_on_code_tests_and_documents_are_given() -> None:
    kept = sections_on_code(CONTRIBUTING)
    assert "pytest -q" in kept and "# Not a heading" in kept and "Ruff decides." in kept
    assert not any(word in kept for word in ("Be kind", "Open an issue", "CLA", "Thank you"))


def test_headings_of_restructured_text_are_headings() -> None:
    assert sections_on_code(RST) == "Coding guidelines\nFollow PEP 8."


def test_a_long_contributing_is_cut_at_two_thousand_characters_in_whole_lines() -> None:
    long = "# Tests\n" + "".join(f"Rule {number} about tests.\n" for number in range(500))
    kept = sections_on_code(long)
    assert 1_900 < len(kept) <= 2_000
    assert kept.endswith("tests.")


def test_a_document_without_headings_gives_nothing() -> None:
    assert sections_on_code("Just send a patch.\n" * 50) == ""
    assert sections_on_code("") == ""


@pytest.mark.parametrize("place", ["CONTRIBUTING.md", ".github/CONTRIBUTING.md", "docs/contributing.md"])
def test_a_contributing_is_found_where_forges_look_for_it(place: str) -> None:
    assert list(given({place: CONTRIBUTING}).whole) == [place]


def test_the_same_text_under_both_names_is_given_once() -> None:
    assert list(given({"AGENTS.md": "Use tabs.", "CLAUDE.md": "Use tabs.\n"}).whole) == ["AGENTS.md"]
    assert list(given({"AGENTS.md": "Use tabs.", "CLAUDE.md": "@AGENTS.md\n"}).whole) == ["AGENTS.md"]
    both = given({"AGENTS.md": "Use tabs.", "CLAUDE.md": "Never rebase."})
    assert list(both.whole) == ["AGENTS.md", "CLAUDE.md"]


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        (["api/routes/**"], True),
        (["api/*.py"], True),
        (["**/*.py"], True),
        (["web/**"], False),
        (["apis/**"], False),
        (["README.md"], False),
        ([], False),
    ],
)
def test_nested_guidance_goes_to_whoever_may_write_in_its_folder(scope: list[str], told: bool) -> None:
    guidance = given({"AGENTS.md": "Use tabs.", "api/CLAUDE.md": "Answer in JSON."})
    assert guidance.whole == {"AGENTS.md": "Use tabs."}
    assert bool(guidance.beside(scope)) is told

"""docs/evidence.md names every change that the gate is tested with, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.gate.bench import Case
from support.gate.honest_work import ASKED, HONEST
from support.gate.tricks import TRICKS

PAGE = (Path(__file__).parents[3] / "docs" / "evidence.md").read_text("utf-8")
TABLES = {
    "Ways to a false success": TRICKS,
    "Honest changes": HONEST,
    "Asked, one keypress away": ASKED,
}


def table_of(cases: Mapping[str, Case]) -> list[str]:
    """The rows that the page must have, in the order of the cases."""
    return [
        f"| {name} | {case.expected}{f': {case.why}' if case.why else ''} |".replace("||", r"\|\|")
        for name, case in cases.items()
    ]


@pytest.mark.parametrize("heading", TABLES)
def test_the_page_has_every_case_and_what_becomes_of_it(heading: str) -> None:
    _, heading_line, rest = PAGE.partition(f"\n### {heading}\n")
    assert heading_line
    rows = re.findall(r"^\| .* \|$", rest.partition("\n#")[0], re.MULTILINE)
    assert rows[2:] == table_of(TABLES[heading])

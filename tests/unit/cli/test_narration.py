"""What a line of `logs` says of an event."""

from __future__ import annotations

import pytest

from devassist.cli.view.narration import describe
from devassist.domain.events import CommandIntended, CommandRan, Event, Fact, Record
from devassist.domain.statuses import Purpose


def record(fact: Fact) -> Record:
    return Record(seq=1, at="2026-01-01T00:00:00Z", event=Event(fact))


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("make test", "make test -> 2"),
        ("python - <<'END'\nimport os\nEND", "python - <<'END' ... -> 2"),
        ("echo " + "x" * 1000, "echo " + "x" * 295 + " ... -> 2"),
    ],
)
def test_a_command_is_told_by_its_first_line_and_its_exit_code(command: str, line: str) -> None:
    assert describe(record(CommandRan(command=command, exit_code=2, purpose=Purpose.COMMAND))) == line


def test_the_probe_for_the_main_checkouts_code_is_told_in_words() -> None:
    probe = CommandIntended(command="python - <<'END'\nimport os\nEND", purpose=Purpose.LEAK_PROBE)
    assert describe(record(probe)) == "would tests import the main checkout's code?"

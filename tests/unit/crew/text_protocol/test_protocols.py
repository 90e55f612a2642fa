"""What was found out of a model is remembered for its server, for a week."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from devassist.crew.text_protocol.protocols import Protocols
from devassist.domain.settings import ModelProtocol

_NOW = datetime(2030, 1, 1, tzinfo=UTC)


def _protocols(directory: Path, server: str = "http://127.0.0.1:1") -> Protocols:
    return Protocols(
        setting=ModelProtocol.AUTO,
        server_of=lambda _model: server,
        directory=directory / "protocols",
        now=lambda: _NOW,
    )


def test_what_was_found_out_is_remembered_by_server_and_model_for_a_week(tmp_path: Path) -> None:
    protocols = _protocols(tmp_path)
    assert protocols.of("m", "b") is ModelProtocol.AUTO
    protocols.remember("m", ModelProtocol.TEXT, "a")
    assert protocols.of("m", "b") is ModelProtocol.TEXT
    assert protocols.of("n", "b") is ModelProtocol.AUTO
    assert _protocols(tmp_path, "http://127.0.0.1:2").of("m", "b") is ModelProtocol.AUTO
    assert replace(protocols, now=lambda: _NOW + timedelta(days=8)).of("m", "b") is ModelProtocol.AUTO


def test_the_agent_that_found_it_out_takes_the_same_steps_again(tmp_path: Path) -> None:
    protocols = _protocols(tmp_path)
    protocols.remember("m", ModelProtocol.TEXT, "a")
    assert protocols.of("m", "a") is ModelProtocol.AUTO


def test_a_choice_wins_and_a_server_of_others_has_tools(tmp_path: Path) -> None:
    protocols = _protocols(tmp_path)
    protocols.remember("m", ModelProtocol.TEXT, "a")
    assert replace(protocols, setting=ModelProtocol.TOOLS).of("m", "b") is ModelProtocol.TOOLS
    assert replace(protocols, server_of=lambda _model: "").of("m", "b") is ModelProtocol.TOOLS


def test_a_broken_memory_is_none(tmp_path: Path) -> None:
    protocols = _protocols(tmp_path)
    protocols.remember("m", ModelProtocol.TEXT, "a")
    (file,) = (tmp_path / "protocols").iterdir()
    for text in (
        "",
        "{}",
        "[]",
        '{"protocol": "?", "at": "2030-01-01T00:00:00+00:00", "by": ""}',
        '{"at": "x"}',
    ):
        file.write_text(text)
        assert protocols.of("m", "b") is ModelProtocol.AUTO

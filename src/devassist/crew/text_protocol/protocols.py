"""Which protocol a model is spoken to in: as it was chosen, or as it was found out and remembered."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from devassist.domain.hashing import digest
from devassist.domain.settings import ModelProtocol

REMEMBERED_FOR = timedelta(days=7)
"""A server may serve another model by the same name some day."""


def _nowhere(_model: str) -> str:
    return ""


def _long_ago() -> datetime:
    return datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocols:
    """
    The protocols of models.

    `server_of` gives the URL of a server in the person's own hands; only such a one is tried out. What was found out is
    a file of `directory` for each model.
    """

    setting: ModelProtocol = ModelProtocol.TOOLS
    server_of: Callable[[str], str] = _nowhere
    directory: Path | None = None
    now: Callable[[], datetime] = _long_ago

    def of(self, model: str, agent: str) -> ModelProtocol:
        """
        TOOLS or TEXT; AUTO if that is to be found out.

        An `agent` that has found it out before, and whose work is resumed, finds it out again: so it takes the same
        steps as before.
        """
        if self.setting is not ModelProtocol.AUTO:
            return self.setting
        server = self.server_of(model)
        if not server:
            return ModelProtocol.TOOLS
        try:
            known = json.loads(self._file(server, model).read_text("utf-8"))
            fresh = self.now() - datetime.fromisoformat(known["at"]) < REMEMBERED_FOR
            protocol, by = ModelProtocol(known["protocol"]), known["by"]
        except (OSError, ValueError, KeyError, TypeError):
            return ModelProtocol.AUTO
        return protocol if fresh and by != agent else ModelProtocol.AUTO

    def remember(self, model: str, protocol: ModelProtocol, agent: str) -> None:
        """Keep what `agent` has found out. If it cannot be kept, it is found out again."""
        server = self.server_of(model)
        if not server or self.directory is None:
            return
        known = {
            "server": server,
            "model": model,
            "protocol": str(protocol),
            "at": self.now().isoformat(),
            "by": agent,
        }
        file = self._file(server, model)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps(known) + "\n", "utf-8")
            draft.replace(file)
        except OSError:
            return

    def _file(self, server: str, model: str) -> Path:
        return (self.directory or Path("/nonexistent")) / f"{digest([server, model])[:32]}.json"

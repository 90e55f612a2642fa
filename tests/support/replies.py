"""A model whose replies a test lists."""

from __future__ import annotations

from dataclasses import dataclass, field

from devassist.domain.errors import ModelError
from devassist.ports import ModelReply, ModelRequest


@dataclass
class Listed:
    """A ModelClient that plays these replies."""

    replies: list[ModelReply]
    requests: list[ModelRequest] = field(default_factory=list)

    def attempt(self, request: ModelRequest) -> ModelReply:
        self.requests.append(request)
        if len(self.replies) < len(self.requests):
            raise ModelError("nothing is scripted", kind="config")
        return self.replies[len(self.requests) - 1]

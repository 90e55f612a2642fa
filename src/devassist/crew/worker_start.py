"""The messages that start workers, beside those of their work: to a forkserver that waits, and to a forked worker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from devassist.assignments import Assignment
from devassist.domain.errors import DevassistError

_M = TypeVar("_M", bound=msgspec.Struct)

FORK: Final = b"fork"
"""The datagram that asks a forkserver for a worker; with it comes the worker's end of its pipe."""


class WorkerStart(msgspec.Struct, frozen=True, tag=True):
    """The first message on a worker's pipe. The forkserver never reads it, so it never holds a key."""

    environment: Mapping[str, str]
    assignment: Assignment


class Adopt(msgspec.Struct, frozen=True, tag=True):
    """To a forkserver that waits: serve this run next. The run's log comes with it."""

    token: str
    """Content of the file that only this user can read, and no sandboxed command."""
    key: str
    """What the forkserver must be made of; see `app.wiring.standby`."""
    run: str
    directory: str


def decode_start(body: bytes) -> WorkerStart:
    """Raises DevassistError if it is none."""
    return _decode(body, WorkerStart)


def decode_adopt(body: bytes) -> Adopt:
    """Raises DevassistError if it is none."""
    return _decode(body, Adopt)


def _decode(body: bytes, kind: type[_M]) -> _M:
    try:
        return msgspec.convert(json.loads(body), kind)
    except (ValueError, msgspec.ValidationError) as error:
        raise DevassistError(f"what should start a worker is no message: {error}") from error

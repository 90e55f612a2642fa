"""
What ties one event to the next. Pure.

The chain covers a salted digest of the data, not the data: a secret found later can be taken out, salt and
all, and what remains still proves that nothing else changed. Every field is length-prefixed and NULL has a
tag of its own, so no two different rows hash alike.
"""

from __future__ import annotations

import hashlib

SALT_BYTES = 16


def genesis(database_id: str, root_commit: str, created: str) -> bytes:
    """Where the chain of one database starts."""
    return _hash(b"devassist.genesis/1", database_id, root_commit, created)


def data_digest(salt: bytes, data_text: str) -> bytes:
    """Stands for the data in the chain. Without the salt, guessing the data cannot be confirmed."""
    return _hash(b"devassist.data/1", salt, data_text)


def link(  # noqa: PLR0913, PLR0917 -- one parameter per column that the chain covers
    prev_hash: bytes | None,
    seq: int,
    id: str | None,  # noqa: A002 -- the column's name
    at: str | None,
    run: str | None,
    task: str | None,
    agent: str | None,
    type: str | None,  # noqa: A002 -- the column's name
    parent: str | None,
    digest: bytes | None,
) -> bytes:
    """The hash of an event, which the next event names as its `prev_hash`."""
    return _hash(b"devassist.event/1", prev_hash, str(seq), id, at, run, task, agent, type, parent, digest)


def _hash(*fields: bytes | str | None) -> bytes:
    digest = hashlib.sha256()
    for field in fields:
        if field is None:
            digest.update(b"\x00")
            continue
        # surrogateescape: a row edited into invalid UTF-8 must hash differently, not crash the verifier.
        raw = field.encode("utf-8", "surrogateescape") if isinstance(field, str) else bytes(field)
        digest.update(b"\x01" + len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.digest()

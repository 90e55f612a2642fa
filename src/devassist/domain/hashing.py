"""Content ids: the one git gives a blob, and a digest of a JSON-shaped value."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def blob_id(content: bytes) -> str:
    """Git's SHA-1 object id of a blob with this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

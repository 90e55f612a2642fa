"""The versions of devassist and of the libraries that decide what a run does."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import metadata


def versions() -> Mapping[str, str]:
    """Read from package metadata: none of the packages is imported."""
    names = ("devassist", "crewai", "litellm", "pygit2", "sqlite-utils")
    return {"python": sys.version.split()[0], **{name: _version(name) for name in names}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"

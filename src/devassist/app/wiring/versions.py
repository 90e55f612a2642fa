"""The versions of devassist and of the libraries that decide what a run does."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import metadata

from devassist import __version__


def versions() -> Mapping[str, str]:
    """Read from package metadata: none of the packages is imported."""
    names = ("crewai", "litellm", "pygit2", "sqlite-utils")
    own = {"python": sys.version.split()[0], "devassist": __version__}
    return {**own, **{name: _version(name) for name in names}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"

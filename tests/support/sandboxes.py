"""The sandbox tiers of this machine, for tests of one tier."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devassist.domain.settings import SandboxMode
from devassist.ports import Sandbox
from devassist.sandbox.probe import choose


def sandbox_or_skip(tier: str, scratch: Path) -> Sandbox:
    """The tier, probed in `scratch`. A machine without it skips the test, unless it is said to have every tier."""
    probe = choose(SandboxMode(tier), scratch=scratch)
    if probe.sandbox is None:
        message = f"{tier} does not work here: {probe.reports}"
        if os.environ.get("DEVASSIST_REQUIRE_SANDBOXES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return probe.sandbox

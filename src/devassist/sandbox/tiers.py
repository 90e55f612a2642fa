"""A sandbox by its tier's name, for a worker that is told what the probe chose."""

from __future__ import annotations

from devassist.domain.errors import SandboxUnavailable
from devassist.ports import Sandbox
from devassist.sandbox.bubblewrap import BubblewrapSandbox
from devassist.sandbox.landlock import LandlockSandbox
from devassist.sandbox.unsafe import UnsafeSandbox


def make(tier: str) -> Sandbox:
    """Raises SandboxUnavailable where the tier's parts are gone since the probe: never another tier instead."""
    match tier:
        case "bubblewrap":
            return BubblewrapSandbox()
        case "landlock":
            return LandlockSandbox()
        case "none":
            return UnsafeSandbox()
        case _:
            raise SandboxUnavailable(f"no sandbox tier is called {tier!r}")

"""Makes a sandbox by its tier, in a worker, which gets the tier that the probe chose."""

from __future__ import annotations

from devassist.domain.errors import SandboxUnavailable
from devassist.domain.statuses import SandboxTier
from devassist.ports import Sandbox
from devassist.sandbox.bubblewrap import BubblewrapSandbox
from devassist.sandbox.landlock import LandlockSandbox
from devassist.sandbox.unsafe import UnsafeSandbox


def make(tier: SandboxTier) -> Sandbox:
    """Raises SandboxUnavailable if the tier's parts are gone since the probe: never another tier instead."""
    match tier:
        case SandboxTier.BUBBLEWRAP:
            return BubblewrapSandbox()
        case SandboxTier.LANDLOCK:
            return LandlockSandbox()
        case SandboxTier.NONE:
            return UnsafeSandbox()
        case SandboxTier.ABSENT:
            raise SandboxUnavailable("no sandbox works here, so there is none to make")

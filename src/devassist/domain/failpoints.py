"""
Named places where a test may let a fault happen. Nothing is armed unless a composition root was told to.

`reach` stands where a crash would cut an act in two. In production it compares one name with None.
"""

from __future__ import annotations

from collections.abc import Callable

POINTS = (
    "run.start",
    "branch.create",
    "worktree.add",
    "worktree.lock",
    "agent.spawn",
    "llm.request",
    "llm.reply",
    "tool.intent",
    "tool.running",
    "tool.ran",
    "tool.result",
    "file.write",
    "index.write",
    "objects.write",
    "ref.locked",
    "agent.ref",
    "commit.event",
    "approval.asked",
    "approval.recorded",
    "merge.computed",
    "merge.intent",
    "target.ref",
    "checkout.files",
    "merge.done",
    "worktree.remove",
    "anchor.write",
    "schema.migrate",
)
"""Every point, in the order in which a run comes by."""

_act: Callable[[str], None] | None = None


def reach(point: str) -> None:
    """Come by a point. Whatever the armed fault does happens here; it may raise OSError."""
    if _act is not None:
        _act(point)


def arm(act: Callable[[str], None] | None) -> None:
    """Have `act` told of every point that is reached in this process; None disarms."""
    global _act  # noqa: PLW0603  one switch for the whole process, and nothing else is kept
    _act = act

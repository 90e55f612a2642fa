"""The paths that models write, and which of them a task may write."""

from __future__ import annotations

from typing import Final

from devassist.crew.tools.tool_context import OutOfScope, ToolContext, ToolRefused
from devassist.domain.changes import in_scope

LARGEST_FILE: Final = 20_000_000
"""Bytes of a file that tools read; what is larger they do not edit."""


def plain_path(session: ToolContext, path: str) -> str:
    """A path below the worktree as git writes it; "" is the root. An absolute path in the worktree becomes relative."""
    path = path.replace("\\", "/")
    root = str(session.spec().worktree)
    if path == root or path.startswith(f"{root}/"):
        path = path[len(root) + 1 :]
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return ("/" if path.startswith("/") else "") + "/".join(parts)


def require_writable(session: ToolContext, path: str) -> None:
    """Raises ToolRefused if the task may not write `path`, or if what is written there could not land."""
    scope = [*session.assignment.scope, *session.granted] if session.assignment.scope else []
    if not in_scope(path, scope):
        raise OutOfScope(
            f"{path} is outside this task's scope ({', '.join(session.assignment.scope)}); "
            "call request_scope(paths, reason) if the task cannot be done without it"
        )
    if refused := session.link.refuse_write(session.role, path):
        raise ToolRefused(f"{path} is not written: {refused}")


def content_to_edit(session: ToolContext, path: str) -> bytes:
    """The whole content of a text file. Raises ToolRefused for one that is too large or binary."""
    content = session.files.read_bytes(path, LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ToolRefused(f"{path} has more than {LARGEST_FILE:,} bytes; edit it with run_command")
    if b"\0" in content[:8000]:
        raise ToolRefused(f"{path} is a binary file")
    return content

"""What is recorded before a tool writes, so that a call that was cut off can be finished once."""

from __future__ import annotations

from devassist.crew.tools.editing import content_of
from devassist.crew.tools.patch_tool import paths_of
from devassist.crew.tools.shapes import ApplyPatch, Arguments, FileWrite
from devassist.crew.tools.tool_context import ToolContext
from devassist.domain.events import JsonObject, ToolIntended


def intent_of(session: ToolContext, name: str, raw: JsonObject, arguments: Arguments) -> ToolIntended | None:
    """The intent of a call of a write tool, None for any other. Raises ToolRefused for a patch that is none."""
    if isinstance(arguments, FileWrite):
        return ToolIntended(name=name, arguments=dict(raw), before=content_of(session, arguments.path))
    if isinstance(arguments, ApplyPatch):
        files = {path: content_of(session, path) for path in paths_of(session, arguments)}
        return ToolIntended(name=name, arguments=dict(raw), files=files)
    return None

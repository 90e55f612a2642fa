"""What of a run's texts the agents of a task may see where some paths are private."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from devassist.domain.choice.privacy import NOTHING, PrivatePaths
from devassist.domain.handoffs import Handoff
from devassist.domain.ids import role_of
from devassist.domain.plan import PlanTask
from devassist.domain.roles import Role
from devassist.domain.state.run import Note
from devassist.engine.context import RunContext
from devassist.git.repository import Repository

_OLD_NAME = re.compile(r"^(?:rename from |copy from |--- a/)(.*)$", re.MULTILINE)
_WITHHELD = "(what a private task hands on is not shown here)"


def hidden_from(context: RunContext, agent: str) -> PrivatePaths:
    """The paths that an agent does not see. An integrator sees all, since only a local model may be one then."""
    if role_of(agent) == Role.INTEGRATOR:
        return NOTHING
    return context.hidden_in(agent.partition("/")[0])


def told_of(hidden: PrivatePaths) -> str:
    """What an agent is told about what it does not see; empty if it sees everything."""
    if not hidden:
        return ""
    return (
        f"These paths are private, and not shown to you: {', '.join(hidden.patterns)}. Commands run without them, and "
        "without git. Tests that need them fail here and not where your work is judged; leave such paths as they are."
    )


def visible_diff(
    repository: Repository, old: str, new: str, hidden: PrivatePaths, *, context: int = 3
) -> str:
    """The patch between two commits or trees without what is private."""
    paths = repository.changed_paths(old, new) if hidden else ()
    visible = hidden.visible(paths)
    if len(visible) == len(paths):
        return repository.diff(old, new, context=context)
    patch = repository.diff(old, new, context=context, paths=visible) if visible else ""
    patch = "".join(_sections(patch, hidden))
    return f"{patch}[private paths are left out]\n"


def _sections(patch: str, hidden: PrivatePaths) -> Iterator[str]:
    """The files of a patch, but for those that come from a private path."""
    for section in re.split(r"(?m)^(?=diff --git )", patch):
        head = section.partition("\n@@")[0]
        if not any(hidden.cover(name.strip().strip('"')) for name in _OLD_NAME.findall(head)):
            yield section


def handed_to(context: RunContext, task: PlanTask, sender: PlanTask, handoff: Handoff) -> Handoff:
    """A handoff as the agents of `task` are told of it."""
    secrecy = context.request.secrecy
    if not secrecy.withholds(sender, task):
        return handoff
    return replace(handoff, summary=_WITHHELD, findings=(), claims=(), open_questions=(), artifacts=())


def may_read(context: RunContext, note: Note, task: str) -> bool:
    """Whether the agents of a task may read a note: none by a private task's agent, and none about a private path."""
    secrecy = context.request.secrecy
    if not secrecy.cloud:
        return True
    reader, sender = context.find_task(task), context.find_task(note.agent.partition("/")[0])
    hidden = secrecy.hidden_in(reader)
    return not secrecy.withholds(sender, reader) and not any(hidden.cover(path) for path in note.posted.paths)

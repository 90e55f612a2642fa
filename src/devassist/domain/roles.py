"""The fixed roles: which tools each may use, how each ends, and which crew a task gets."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Role(StrEnum):
    ORCHESTRATOR = "orchestrator"
    RESEARCHER = "researcher"
    CODER = "coder"
    TESTER = "tester"
    DOCUMENTER = "documenter"
    REVIEWER = "reviewer"
    INTEGRATOR = "integrator"
    REFLECTOR = "reflector"


TASK_ROLES = (Role.CODER, Role.DOCUMENTER, Role.TESTER, Role.RESEARCHER)
"""The roles a plan may give a task."""

SUBMIT_TOOL = {
    Role.ORCHESTRATOR: "submit_plan",
    Role.RESEARCHER: "submit_brief",
    Role.CODER: "submit_work",
    Role.TESTER: "submit_work",
    Role.DOCUMENTER: "submit_work",
    Role.REVIEWER: "submit_review",
    Role.INTEGRATOR: "submit_resolution",
    Role.REFLECTOR: "submit_lessons",
}
"""The one legal end of each role."""

_READ = ("list_files", "search_code", "read_file", "git_log", "git_blame", "git_show")
_WRITE = ("write_file", "edit_file", "apply_patch", "replace_in_file", "delete_file", "move_file")
_COMMANDS = ("run_command", "run_checks")
_TALK = ("post_note", "read_board", "ask_human")

TOOLS_OF = {
    Role.ORCHESTRATOR: (*_READ, *_TALK),
    Role.RESEARCHER: (*_READ, "run_command", *_TALK),
    Role.CODER: (*_READ, *_WRITE, *_COMMANDS, "show_diff", *_TALK, "request_scope"),
    Role.TESTER: (*_READ, *_WRITE, *_COMMANDS, "show_diff", *_TALK, "request_scope"),
    Role.DOCUMENTER: (*_READ, *_WRITE, *_COMMANDS, "show_diff", *_TALK, "request_scope"),
    Role.REVIEWER: (*_READ, *_COMMANDS, "show_diff", *_TALK),
    Role.INTEGRATOR: (*_READ, *_WRITE, *_COMMANDS, "show_diff", *_TALK),
    Role.REFLECTOR: (*_READ, *_TALK),
}
"""What each role is offered, beside its submit tool."""

COMMAND_TOOLS = frozenset(_COMMANDS)
WRITE_TOOLS = frozenset(_WRITE)


class CrewSize(StrEnum):
    """How many agents a goal gets. AUTO has the orchestrator decide."""

    AUTO = "auto"
    SOLO = "solo"
    """One task of one agent, which writes its own tests, and a review."""
    CREW = "crew"
    """One task of a coder, a tester and a reviewer."""
    PLAN = "plan"
    """A researcher, an orchestrator, and a crew for each task of its plan."""


def crew_of(role: Role, *, review: bool, tester: bool = True) -> Sequence[Role]:
    """The crew of a task: its role, a tester for a coder unless it has none, a reviewer; without review its role."""
    if not review:
        return (role,)
    if role is Role.CODER and tester:
        return (role, Role.TESTER, Role.REVIEWER)
    return (role, Role.REVIEWER)


def owes_change(role: Role, *, own: bool) -> bool:
    """Only the task's own role owes a change, and a researcher owes none."""
    return own and role in (Role.CODER, Role.TESTER, Role.DOCUMENTER)


def may_write(role: Role) -> bool:
    return bool(WRITE_TOOLS & set(TOOLS_OF[role]))

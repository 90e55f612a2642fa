"""How runs, agents, branches and evidence are named."""

from __future__ import annotations

import re
from collections.abc import Callable

_FIRST = (
    "amber able bold brave brisk bright calm clear clever cool coral crisp dapper deft eager early fair fleet "
    "fresh gentle glad grand green happy hardy keen kind light lively lucky mellow merry mild neat nimble noble "
    "plain proud quick quiet rapid ready royal sharp silver sleek smart snug solid spry steady sunny swift tidy "
    "true vivid warm wise witty"
).split()
_SECOND = (
    "badger beaver bison crane dove eagle egret falcon ferret finch fox gecko goose hare hawk heron ibis jackal "
    "jay kestrel koala lark lemur lion lynx magpie marten mole moose newt ocelot orca osprey otter owl panda "
    "parrot pelican pika plover puffin quail rabbit raven robin salmon seal shrew sparrow stork swan tapir tern "
    "tiger toad trout turtle viper vole weasel whale wolf wren yak zebra"
).split()
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")

_AGENT_PARTS = 4

PLANNING = "plan"
"""The task id under which the planning crew works."""


def make_run_id(randbelow: Callable[[int], int]) -> str:
    """Two words and four hex digits, e.g. `brisk-heron-3f2a`."""
    return f"{_FIRST[randbelow(len(_FIRST))]}-{_SECOND[randbelow(len(_SECOND))]}-{randbelow(0x10000):04x}"


def agent_id(task: str, role: str) -> str:
    return f"{task}/{role}"


def role_of(agent: str) -> str:
    return agent.rpartition("/")[2]


def branch_name(run: str, task: str, role: str) -> str:
    return f"devassist/{run}/{task}/{role}"


def work_of(branch: str) -> str:
    """What a branch is of, the same for all agents of one task: of other branches the branch itself."""
    parts = branch.split("/")
    return "/".join(parts[:3]) if len(parts) == _AGENT_PARTS and parts[0] == "devassist" else branch


def run_and_task(branch: str) -> tuple[str, str]:
    """The run and the task an agent's branch belongs to; empty texts for any other branch."""
    parts = branch.split("/")
    if len(parts) != _AGENT_PARTS or parts[0] != "devassist":
        return "", ""
    return parts[1], parts[2]


def result_branch(run: str) -> str:
    return f"devassist/{run}/result"


def base_ref(run: str) -> str:
    return f"refs/devassist/base/{run}"


def rescue_ref(run: str, agent: str) -> str:
    return f"refs/devassist/rescue/{run}/{agent}"


def worktree_name(run: str, agent: str) -> str:
    """Git's administrative name of an agent's worktree: unique in the repository, safe as a directory."""
    return f"da-{run}-{_UNSAFE.sub('-', agent)}"


def evidence_id(run: str, task: str, role: str, round_: int, number: int) -> str:
    """The id of a tool call's event. It holds no chance, so a replayed run gives the same ids but for the run."""
    return f"{run}-{_UNSAFE.sub('-', task)}-{role}-{round_}-{number}"

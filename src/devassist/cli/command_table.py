"""The commands: their names, their one-line help, and the module that is imported when one is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One command: `<module below commands>:<function>`, and the first line of the function's docstring.

    `takes_run` says that its first argument is a run, which a shell completes without importing the command.
    """

    target: str
    help: str
    takes_run: bool = False


ROOT: Mapping[str, Entry] = {
    "run": Entry("runs.run:run", "Plan GOAL into tasks, run a crew on each, and merge what passes."),
    "resume": Entry(
        "runs.resume:resume", "Continue a run after a crash, a stop, a limit or a decision.", takes_run=True
    ),
    "stop": Entry("runs.stop:stop", "Stop a run and keep its work under rescue refs.", takes_run=True),
    "watch": Entry(
        "runs.watch:watch", "Follow a run live; Ctrl-C detaches and leaves it running.", takes_run=True
    ),
    "note": Entry("runs.note:note", "Tell the agent at work on a task something.", takes_run=True),
    "retry": Entry(
        "runs.retry:retry", "Start a task again, on top of what it has committed.", takes_run=True
    ),
    "inbox": Entry("decisions.inbox:show_inbox", "List the decisions that wait for you, most urgent first."),
    "approve": Entry("decisions.approve:approve", "Approve requests, exactly as they were shown."),
    "reject": Entry("decisions.reject:reject", "Reject requests, with a reason."),
    "answer": Entry("decisions.answer:answer", "Answer an agent's question."),
    "status": Entry(
        "runs.status:status", "List the runs of this repository and what each waits for.", takes_run=True
    ),
    "show": Entry("runs.show:show", "Show a run, or one of its tasks, in full.", takes_run=True),
    "diff": Entry("runs.diff:diff", "Show what a run's result changes against its base.", takes_run=True),
    "logs": Entry("runs.logs:logs", "Print what happened in a run, in order.", takes_run=True),
    "roles": Entry("setup.roles:roles", "List the fixed roles and the tools of each."),
    "merge": Entry(
        "landing.merge:merge", "Merge a run's result into a branch; uncommitted work stays.", takes_run=True
    ),
    "apply": Entry(
        "landing.apply:apply",
        "Put a run's net change into your files, for a commit of yours.",
        takes_run=True,
    ),
    "undo": Entry("landing.undo:undo", "Take a merged or applied run back out.", takes_run=True),
    "discard": Entry(
        "landing.discard:discard",
        "Remove a run's worktrees and branches; all stays reachable.",
        takes_run=True,
    ),
    "report": Entry("runs.report:report", "Print a report of a run for its reviewer.", takes_run=True),
    "pr": Entry("runs.pr:pr", "Push a run's result and open a pull request for it.", takes_run=True),
    "init": Entry(
        "setup.init:init", "Write a commented .devassist.toml and try its checks; never overwrites one."
    ),
    "doctor": Entry("setup.doctor:doctor", "Check environment, sandbox, model and repository; repair them."),
    "demo": Entry("setup.demo:demo", "Run everything on a sample repository, without a key or network."),
}
WORKTREES: Mapping[str, Entry] = {
    "list": Entry("worktrees.list_worktrees:list_", "List the agents' worktrees with branch and state."),
    "path": Entry("worktrees.path:path", "Print the directory of one worktree."),
    "gc": Entry("worktrees.gc:gc", "Remove worktrees whose content is provably kept elsewhere."),
}
CONFIG: Mapping[str, Entry] = {
    "show": Entry("config.show:show", "Show every setting in force here, and where it comes from."),
    "get": Entry("config.get:get", "Print one setting as it is in force here."),
    "set": Entry("config.change:set_", "Set one key in .devassist.toml; comments and everything else stay."),
    "edit": Entry(
        "config.edit:edit",
        "Open .devassist.toml in your editor, also if it is broken, and check it afterwards.",
    ),
}
CONFLICTS: Mapping[str, Entry] = {
    "find": Entry("conflicts.find:find", "Compare every branch with every other; the default command."),
    "order": Entry("conflicts.order:order", "Print the order of merging that lands most branches."),
    "check": Entry("conflicts.check:check", "Compare one file, as it is or will be, with all live branches."),
    "show": Entry("conflicts.show:show", "Show one conflict: both sides, where, and what to do."),
    "resolve": Entry(
        "conflicts.resolve:resolve", "Settle a conflict by a checked merge commit of both branches."
    ),
    "waive": Entry(
        "conflicts.waive:waive", "Accept a conflict, with a reason; it no longer fails a command."
    ),
}
AUDIT: Mapping[str, Entry] = {
    "list": Entry("audit.list_events:list_", "List events, oldest first."),
    "search": Entry("audit.search:search", "List events that mention TEXT."),
    "show": Entry("audit.show:show", "Show one event in full."),
    "tail": Entry("audit.tail:tail", "Print the newest events."),
    "verify": Entry("audit.verify:verify", "Recompute the chain and compare it with its anchors."),
}
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Begin": ("init", "doctor", "demo", "config"),
    "Runs": ("run", "watch", "resume", "stop", "note", "retry"),
    "Decisions": ("inbox", "approve", "reject", "answer"),
    "What was done": ("status", "show", "diff", "logs", "report"),
    "Take it over": ("merge", "apply", "pr", "undo", "discard"),
    "Branches and conflicts": ("conflicts", "worktrees"),
    "Records": ("audit", "roles"),
}
"""The root's help."""

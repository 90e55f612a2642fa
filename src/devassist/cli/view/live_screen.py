"""
The live view of a run, laid out so that it always fits the terminal.

What must be read to answer comes first: the prompt is never cut, then the other requests have a row each, and the
tasks have the rest. Log, diff and help take the place of the tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from devassist.cli.plain_text import one_line, plain
from devassist.cli.view.live_table import Seen, spinner, task_table, totals
from devassist.cli.view.meeting import sureness
from devassist.domain.state.approvals import ApprovalState
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import TaskState
from devassist.domain.words import counted

Lines = list[list[Segment]]
Drawn = Callable[[RenderableType], Lines]
"""Renders a part of the view at its width."""

_MOST_REQUESTS, _MOST_CONFLICTS, _LEAST_TASKS = 9, 3, 3
_MOST_FACTS = 4
_SHOWS_DIFF = ("merge", "resolution", "tests", "unverified")
_KEYS = "↑ ↓ task   Enter its log   d its diff   ? help   q {leave}"
HELP = """\
↑ ↓      choose a task; in a log or a diff, scroll
Enter    the log of the task; again, or Esc: back
d        what the task has changed so far, or what a merge that waits would change
q        {leave}
Tab      between the prompt of a request and these keys
Ctrl-C   {interrupt}

In the prompt: y approves, n and a reason rejects, any text answers a question; Enter sends it."""


class Mode(StrEnum):
    """What takes the place of the tasks."""

    TASKS = "tasks"
    LOG = "log"
    DIFF = "diff"
    HELP = "help"


@dataclass
class Screen:
    """What the person has chosen and typed. The thread that reads keys changes it, under the view's lock."""

    mode: Mode = Mode.TASKS
    selected: int = 0
    scroll: int = 0
    """Lines from the end of a log, or from the beginning of a diff."""
    keys: bool = False
    """Whether keys are read at all."""
    at_table: bool = False
    """Whether keys go to the table although something waits for an answer."""
    typed: str = ""
    note: str = ""
    text: str = ""
    """The diff that is shown."""
    watched: bool = False
    """Whether another process owns the run, so that leaving does not stop it."""
    seen: dict[str, Seen] = field(default_factory=dict)
    logs: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class LiveScreen:
    """One picture of the run at one moment."""

    state: RunState
    screen: Screen
    now: datetime
    begun: datetime

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Segment]:
        lines = self.lines(console, options)
        for number, line in enumerate(lines):
            yield from line
            if number < len(lines) - 1:
                yield Segment.line()

    def lines(self, console: Console, options: ConsoleOptions) -> Lines:
        """At most one line less than the terminal has, each at most as wide as it is."""
        width, height = options.max_width, max(6, console.size.height - 1)

        def drawn(part: RenderableType) -> Lines:
            return console.render_lines(part, options.update(height=None), pad=False)

        waiting = self.state.waiting
        head = drawn(self._head(width, options.encoding))
        foot = drawn(totals(self.state, now=self.now))
        prompt = self._prompt(drawn, waiting, width, height) if waiting else drawn(self._keys(width))
        room = height - len(head) - len(foot) - len(prompt)
        if self.screen.mode is not Mode.TASKS:
            body = self._page(drawn, room)
        else:
            beside = self._beside(drawn, waiting, width, room)
            body = [*self._tasks(drawn, width, room - len(beside), options.encoding), *beside]
        return [*head, *body[:room], *foot, *prompt][-height:]

    def _head(self, width: int, encoding: str) -> Text:
        if not self.state.run:
            since = (self.now - self.begun).total_seconds()
            return Text(f"{spinner(self.now, encoding)} starting the run, {since:.0f} s", "cyan")
        head = Text.assemble(
            ("devassist ", "bold"), (self.state.run, "bold cyan"), " ", (one_line(self.state.goal), "dim")
        )
        head.truncate(width, overflow="ellipsis")
        return head

    def _tasks(self, drawn: Drawn, width: int, room: int, encoding: str) -> Lines:
        tasks = list(self.state.tasks.values())
        shown = max(1, room - 1)
        selected = min(self.screen.selected, len(tasks) - 1) if self.screen.keys and len(tasks) > 1 else -1
        if len(tasks) > shown:
            shown = max(1, shown - 1)
            begin = max(0, min(selected - shown // 2, len(tasks) - shown))
            more = [Text(f"  and {counted(len(tasks) - shown, 'more task')}", "dim")]
        else:
            begin, more = 0, []
        chosen = tasks[begin : begin + shown]
        table = task_table(
            self.state,
            chosen,
            now=self.now,
            width=width,
            seen=self.screen.seen,
            selected=tasks[selected].id if selected >= 0 else "",
            frame=spinner(self.now, encoding),
        )
        parts: list[RenderableType] = [table, *more]
        return [line for part in parts for line in drawn(part)] if tasks else []

    def _beside(self, drawn: Drawn, waiting: Sequence[ApprovalState], width: int, room: int) -> Lines:
        """Conflicts, and a row for each request but the first, as far as a few tasks have room, too."""
        rows = [
            Text(f"conflict{sureness(conflict.status)}: {plain(conflict.explanation)}", "red")
            for conflict in list(self.state.conflicts.values())[-_MOST_CONFLICTS:]
        ]
        for number, request in enumerate(waiting[1:], start=2):
            question = one_line(request.question)
            rows.append(
                Text(f"{number} of {len(waiting)}  {request.id}  {request.task}  {question}", "yellow")
            )
        most = max(0, min(room - _LEAST_TASKS, _MOST_REQUESTS + _MOST_CONFLICTS))
        if len(rows) > most:
            left = len(rows) - max(0, most - 1)
            rows = [*rows[: max(0, most - 1)], Text(f"and {left} more: devassist inbox", "yellow")][:most]
        for row in rows:
            row.truncate(width, overflow="ellipsis")
        return [line for row in rows for line in drawn(row)]

    def _prompt(self, drawn: Drawn, waiting: Sequence[ApprovalState], width: int, height: int) -> Lines:
        """The first request whole: question, what is shown, options, and the line that is typed."""
        request = waiting[0]
        count = f"1 of {len(waiting)}  " if len(waiting) > 1 else ""
        title = Text.assemble(
            (f"{count}{request.id}  ", "bold yellow"), (f"{request.kind}  {request.task}", "dim")
        )
        question = drawn(Text(plain(request.question), "yellow"))
        most = max(2, height // 3)
        if len(question) > most:
            left = len(question) - most + 1
            question = [
                *question[: most - 1],
                *drawn(Text(f"{counted(left, 'more line')}: devassist inbox", "dim")),
            ]
        facts = [Text(fact, "dim") for fact in _facts(request)]
        for fact in facts:
            fact.truncate(width, overflow="ellipsis")
        options = drawn(Text(f"options: {', '.join(map(plain, request.options))}")) if request.options else []
        how = (
            "type the answer, then Enter"
            if request.kind == "question"
            else "y approves, n REASON rejects, then Enter"
        )
        if self.screen.at_table:
            how = f"keys go to the table; Tab: {how}"
        line = Text.assemble((f"({self.screen.note or how}) ", "dim"))
        line.truncate(width, overflow="ellipsis")
        room = max(8, width - 4)
        typed = Text.assemble(("> ", "bold"), plain(self.screen.typed)[-room:], ("_", "blink"))
        return [
            *drawn(title),
            *question,
            *(row for fact in facts for row in drawn(fact)),
            *options,
            *drawn(line),
            *drawn(typed),
        ]

    def _keys(self, width: int) -> Text:
        line = Text(self.screen.note or (_KEYS.format(leave=self._leave) if self.screen.keys else ""), "dim")
        line.truncate(width, overflow="ellipsis")
        return line

    @property
    def _leave(self) -> str:
        return "detach, the run goes on" if self.screen.watched else "how to leave it running"

    def _page(self, drawn: Drawn, room: int) -> Lines:
        """The log, the diff or the help, at the place to which it is scrolled."""
        screen = self.screen
        if screen.mode is Mode.HELP:
            interrupt = (
                "detaches as well" if screen.watched else "stops the run; devassist resume continues it"
            )
            return drawn(Text(HELP.format(leave=self._leave, interrupt=interrupt)))[:room]
        task = self.selected()
        title = drawn(Text(f"{screen.mode} of {task.id if task else 'the run'}  (Esc: back)", "bold"))
        if screen.mode is Mode.LOG:
            lines = drawn(Text("\n".join(screen.logs.get(task.id if task else "", [])) or "nothing yet"))
            end = max(min(len(lines), room - 1), len(lines) - screen.scroll)
            return [*title, *lines[max(0, end - room + 1) : end]]
        lines = drawn(_coloured(plain(screen.text)) if screen.text else Text("nothing is committed yet"))
        begin = max(0, min(screen.scroll, len(lines) - room + 1))
        return [*title, *lines[begin : begin + room - 1]]

    def selected(self) -> TaskState | None:
        """The task that log and diff are about."""
        tasks = list(self.state.tasks.values())
        return tasks[min(self.screen.selected, len(tasks) - 1)] if tasks else None


def _facts(request: ApprovalState) -> list[str]:
    """What an approval is for, in a few lines."""
    shown = request.shown
    facts = [f"command: {plain(' '.join(shown.command))}"] if shown.command else []
    facts += [f"paths: {one_line(', '.join(shown.paths))}"] if shown.paths else []
    facts += [one_line(test) for test in shown.tests]
    if shown.plan is not None:
        facts += [f"{task.id} {task.role}: {one_line(task.title)}" for task in shown.plan.tasks]
    if request.confidence is not None:
        facts.append(f"confidence: {request.confidence:.2f}")
    if request.kind in _SHOWS_DIFF and shown.ours:
        facts = [*facts[: _MOST_FACTS - 1], "diff: Tab, then d"]
    return facts[:_MOST_FACTS]


def _coloured(diff: str) -> Text:
    looks = {"+": "green", "-": "red", "@": "cyan"}
    return Text("\n").join(Text(line, looks.get(line[:1], "")) for line in diff.splitlines())

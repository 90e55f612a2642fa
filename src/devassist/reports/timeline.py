"""When each agent worked, as a picture: a row per agent, a bar per round, ticks for model calls and commands. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from devassist.domain.ids import PLANNING
from devassist.domain.words import counted
from devassist.reports.facts import duration, seconds_between
from devassist.reports.parts import Span, Tick, Wait
from devassist.reports.story import Story

_ROW = 30
_HEAD = 22
_WIDTH = 960.0
_PAD = 14.0
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MARKS = 5
_MOST_TICKS = 4000
"""Ticks that are drawn; a picture of more is a bar anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A round of an agent, or a wait for a person. Lengths are in pixels; `looks` are CSS classes."""

    x: float
    y: float
    width: float
    height: float
    looks: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A model call, drawn as a line, or a command, drawn as a dot. `looks` is "ok" or "bad"."""

    x: float
    y: float
    is_call: bool
    looks: str
    title: str


@dataclass(frozen=True, slots=True)
class AxisMark:
    x: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One agent, or a task that waited for a person."""

    name: str
    task: str
    role: str
    bars: tuple[Box, ...]
    ticks: tuple[Point, ...]
    waits: tuple[Box, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything that the template draws, in pixels. `head` is the height of the axis."""

    width: float
    height: float
    head: float
    label: str
    axis: tuple[AxisMark, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    start: str
    end: str

    @property
    def seconds(self) -> float:
        return max(seconds_between(self.start, self.end), 1.0)

    def x(self, at: str) -> float:
        return self.along(seconds_between(self.start, at))

    def along(self, seconds: float) -> float:
        inside = min(max(seconds, 0.0), self.seconds)
        return round(_PAD + inside / self.seconds * (_WIDTH - 2 * _PAD), 1)


def timeline(story: Story) -> Picture | None:
    """The picture of a run; None if no agent ever worked."""
    names = _names(story)
    if not names:
        return None
    scale = _Scale(_first_work(story), story.last_at)
    return Picture(
        width=_WIDTH,
        height=_HEAD + _ROW * len(names),
        head=_HEAD,
        label=f"Timeline of {counted(len(names), 'agent')} over {duration(scale.seconds)}",
        axis=_axis(scale),
        rows=tuple(_row(story, name, _HEAD + number * _ROW, scale) for number, name in enumerate(names)),
    )


def _first_work(story: Story) -> str:
    """When the first agent began, or the first request was made: what came before is nobody's work."""
    times = [*(span.start for span in story.spans), *(wait.start for wait in story.waits.values())]
    return min(times, default=story.first_at)


def _names(story: Story) -> list[str]:
    """Rows, by task in the order of work: its agents, then the task itself if it waited for a person."""
    tasks: dict[str, dict[str, None]] = {}
    for span in story.spans:
        tasks.setdefault(span.task, {})[span.agent] = None
    for wait in story.waits.values():
        tasks.setdefault(wait.task, {})[wait.agent or wait.task] = None
    return [name for names in tasks.values() for name in names]


def _row(story: Story, name: str, top: float, scale: _Scale) -> Row:
    task, slash, role = name.partition("/")
    return Row(
        name=name,
        task="planning" if task == PLANNING else task,
        role=role if slash else "waits",
        bars=tuple(_bar(span, top, scale) for span in story.spans if span.agent == name),
        ticks=tuple(_point(tick, top, scale) for tick in story.ticks[:_MOST_TICKS] if tick.agent == name),
        waits=tuple(
            _wait(wait, top, scale) for wait in story.waits.values() if (wait.agent or wait.task) == name
        ),
    )


def _bar(span: Span, top: float, scale: _Scale) -> Box:
    end = span.end or scale.end
    x = scale.x(span.start)
    took = duration(seconds_between(span.start, end))
    return Box(
        x=x,
        y=top + 6,
        width=max(round(scale.x(end) - x, 1), 2.0),
        height=_ROW - 12,
        looks=f"bar {span.status if span.status in ('done', 'failed', 'running') else 'cut'}",
        title=f"{span.agent}, round {span.round}: {span.status}, {took}, {span.model}",
    )


def _point(tick: Tick, top: float, scale: _Scale) -> Point:
    return Point(
        x=scale.x(tick.at),
        y=top + _ROW / 2,
        is_call=tick.kind == "model",
        looks="ok" if tick.ok else "bad",
        title=f"{tick.kind}, {tick.seconds:.1f} s: {tick.text[:300]}",
    )


def _wait(wait: Wait, top: float, scale: _Scale) -> Box:
    start = scale.x(wait.start)
    width = max(round(scale.x(wait.end or scale.end) - start, 1), 6.0)
    answer = f"{wait.choice} by {wait.who}" if wait.end else "not answered"
    return Box(
        x=min(start, _WIDTH - _PAD - width),
        y=top + 8,
        width=width,
        height=_ROW - 16,
        looks="wait",
        title=f"waits for a person: {wait.question} ({answer})",
    )


def _axis(scale: _Scale) -> tuple[AxisMark, ...]:
    step = next((step for step in _STEPS if scale.seconds / step <= _MARKS), _STEPS[-1])
    times = range(0, int(scale.seconds) + 1, step)
    return tuple(AxisMark(scale.along(seconds), duration(seconds)) for seconds in times)

"""When each agent worked, as a picture: a row per agent, a bar per round, ticks for model calls and commands. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from devassist.domain.ids import PLANNING
from devassist.reports.facts import duration, seconds_between
from devassist.reports.parts import Span, Tick, Wait
from devassist.reports.story import Story
from devassist.reports.tags import Markup, joined, tag

_ROW = 30
_HEAD = 22
_WIDTH = 960.0
_PAD = 14.0
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MARKS = 9
_MOST_TICKS = 4000
"""Ticks that are drawn; a picture of more is a bar anyway."""


@dataclass(frozen=True, slots=True)
class _Scale:
    start: str
    seconds: float

    def x(self, at: str) -> float:
        return self.along(seconds_between(self.start, at))

    def along(self, seconds: float) -> float:
        inside = min(max(seconds, 0.0), self.seconds)
        return round(_PAD + inside / self.seconds * (_WIDTH - 2 * _PAD), 1)


def timeline(story: Story) -> Markup:
    """The picture with its names beside it; nothing where no agent ever worked."""
    names = _names(story)
    if not names:
        return Markup("")
    scale = _Scale(story.first_at, max(seconds_between(story.first_at, story.last_at), 1.0))
    rows = [_row(story, name, number, scale) for number, name in enumerate(names)]
    height = _HEAD + _ROW * len(names)
    picture = tag(
        "svg",
        *_axis(scale, height),
        *rows,
        viewBox=f"0 0 {_WIDTH:g} {height}",
        width=_WIDTH,
        height=height,
        role="img",
        aria_label=f"Timeline of {len(names)} agents over {duration(scale.seconds)}",
    )
    labels = [tag("li", *_label(name), title=name) for name in names]
    return tag(
        "div",
        tag("ul", *labels, class_="names"),
        tag("div", picture, class_="scroll", tabindex="0"),
        class_="timeline",
    )


def _names(story: Story) -> list[str]:
    """Rows, by task in the order of work: its agents, then the task itself where it waited for a person."""
    found: dict[str, dict[str, None]] = {}
    for span in story.spans:
        found.setdefault(span.task, {})[span.agent] = None
    for wait in story.waits.values():
        found.setdefault(wait.task, {})[wait.agent or wait.task] = None
    return [name for names in found.values() for name in names]


def _label(name: str) -> list[str]:
    task, slash, role = name.partition("/")
    shown = "planning" if task == PLANNING else task
    return [tag("span", shown, class_="task"), tag("span", role if slash else "waits", class_="role")]


def _row(story: Story, name: str, number: int, scale: _Scale) -> Markup:
    top = _HEAD + number * _ROW
    spans = [one for one in story.spans if one.agent == name]
    ticks = [one for one in story.ticks[:_MOST_TICKS] if one.agent == name]
    waits = [one for one in story.waits.values() if (one.agent or one.task) == name]
    return tag(
        "g",
        *(_bar(one, top, scale, story.last_at) for one in spans),
        *(_tick(one, top, scale) for one in ticks),
        *(_wait(one, top, scale, story.last_at) for one in waits),
    )


def _bar(span: Span, top: float, scale: _Scale, last: str) -> Markup:
    start, end = scale.x(span.start), scale.x(span.end or last)
    seconds = seconds_between(span.start, span.end or last)
    looks = span.status if span.status in ("done", "failed", "running") else "cut"
    said = f"{span.agent}, round {span.round}: {span.status}, {duration(seconds)}, {span.model}"
    return tag(
        "rect",
        tag("title", said),
        x=start,
        y=top + 6,
        width=max(round(end - start, 1), 2.0),
        height=_ROW - 12,
        rx=3,
        class_=f"bar {looks}",
    )


def _tick(tick: Tick, top: float, scale: _Scale) -> Markup:
    """A line for a model call, a dot for a command; what failed stands out."""
    x = scale.x(tick.at)
    state = "ok" if tick.ok else "bad"
    said = tag("title", f"{tick.kind}, {tick.seconds:.1f} s: {tick.text[:300]}")
    middle = top + _ROW / 2
    if tick.kind == "model":
        return tag("line", said, x1=x, x2=x, y1=middle - 5, y2=middle + 5, class_=f"call {state}")
    return tag("circle", said, cx=x, cy=middle, r=4, class_=f"command {state}")


def _wait(wait: Wait, top: float, scale: _Scale, last: str) -> Markup:
    start = scale.x(wait.start)
    width = max(round(scale.x(wait.end or last) - start, 1), 6.0)
    ended = f"{wait.choice} by {wait.who}" if wait.end else "not answered"
    said = f"waits for a person: {wait.question} ({ended})"
    return tag(
        "rect",
        tag("title", said),
        x=min(start, _WIDTH - _PAD - width),
        y=top + 8,
        width=width,
        height=_ROW - 16,
        rx=3,
        class_="wait",
    )


def _axis(scale: _Scale, height: float) -> list[Markup]:
    step = next((one for one in _STEPS if scale.seconds / one <= _MARKS), _STEPS[-1])
    marks: list[Markup] = []
    for number in range(int(scale.seconds // step) + 1):
        x = scale.along(number * step)
        marks.append(tag("line", x1=x, x2=x, y1=_HEAD - 4, y2=height, class_="grid"))
        marks.append(tag("text", duration(number * step), x=x + 3, y=13, class_="mark"))
    return marks


def legend() -> Markup:
    """What the marks mean."""

    def key(mark: Markup, text: str) -> Markup:
        return tag("li", tag("svg", mark, width=18, height=14, viewBox="0 0 18 14", aria_hidden="true"), text)

    return tag(
        "ul",
        key(tag("rect", x=1, y=2, width=16, height=10, rx=3, class_="bar done"), "at work"),
        key(tag("rect", x=1, y=2, width=16, height=10, rx=3, class_="bar failed"), "failed"),
        key(tag("rect", x=1, y=2, width=16, height=10, rx=3, class_="bar cut"), "cut off"),
        key(tag("line", x1=9, x2=9, y1=2, y2=12, class_="call ok"), "model call"),
        key(tag("circle", cx=9, cy=7, r=4, class_="command ok"), "command, exit code 0"),
        key(tag("circle", cx=9, cy=7, r=4, class_="command bad"), "command that failed"),
        key(tag("rect", x=1, y=2, width=16, height=10, rx=3, class_="wait"), "waits for a person"),
        class_="legend",
    )


def section(story: Story) -> Markup:
    """The picture under its heading, with a legend; empty where nobody worked."""
    picture = timeline(story)
    return joined(tag("h2", "Timeline"), picture, legend()) if picture else picture

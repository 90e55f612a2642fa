"""What the templates of a report are given: the facts of a run, and filters that make text safe and numbers short."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from markupsafe import Markup

from devassist.domain.findings import case_lines, check_line, verification_line
from devassist.domain.handoffs import Verdict
from devassist.domain.ids import PLANNING, result_branch, role_of
from devassist.domain.statuses import RunStatus, TaskStatus
from devassist.reports.facts import (
    SAYS,
    clock,
    duration,
    endings_of,
    next_steps,
    outcome,
    seconds_between,
    taken_over,
    undo,
)
from devassist.reports.parts import Cost, Evidence
from devassist.reports.story import Story

_CODE = re.compile(r"`([^`\n]+)`")
Safe = Callable[[str], str]
"""Makes text that others wrote mean nothing in a language, as in `domain.markup`."""


def renderer(name: str, *, text: Safe, **filters: Safe) -> Callable[..., str]:
    """
    Render the template `name` with the facts that it is called with.

    Every text in it goes through `text` unless one of `filters` made it safe; `filters["code"]` sets a name in type of
    its own. Calling the result raises jinja2.UndefinedError if the template names a fact that it was not given.
    """
    import jinja2

    def final(value: object) -> Markup:
        if isinstance(value, Markup):
            return value
        if isinstance(value, int | float):
            return Markup(f"{value:g}" if isinstance(value, float) else str(value))  # noqa: S704  a number
        return Markup(text(str(value)))  # noqa: S704  this is what makes it safe

    def marking(safe: Safe) -> Callable[[str], Markup]:
        return lambda value: Markup(safe(value))  # noqa: S704  as above

    code = filters["code"]
    environment = jinja2.Environment(
        autoescape=True,
        finalize=final,
        keep_trailing_newline=True,
        loader=jinja2.PackageLoader("devassist.reports"),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {name: marking(safe) for name, safe in filters.items()}
    environment.filters |= {
        "case_lines": case_lines,
        "check_line": check_line,
        "clock": clock,
        "codes": lambda texts: Markup(", ").join(Markup(code(one)) for one in texts),  # noqa: S704
        "counts": _counts,
        "decimals": _decimals,
        "duration": duration,
        "commands": lambda value: Markup(_commands(value, text=text, code=code)),  # noqa: S704  each piece is made safe
        "outcome": lambda state: Markup(outcome(state, code=code)),  # noqa: S704  names are all that is not ours
        "role": role_of,
        "usd": _usd,
        "verification": verification_line,
    }
    return environment.get_template(name).render


def _commands(value: str, *, text: Safe, code: Safe) -> str:
    """Text in which backticks set off commands."""
    pieces = _CODE.split(value)
    return "".join(code(piece) if at % 2 else text(piece) for at, piece in enumerate(pieces))


def facts(story: Story) -> Mapping[str, object]:
    """What every form of a report tells, by the names that templates use."""
    state = story.state
    costs = ((name, story.totals(place)) for place, name in enumerate(("task", "role", "model")))
    return {
        "story": story,
        "state": state,
        "says": SAYS,
        "nothing": Evidence(),
        "branch": result_branch(state.run),
        "merged": sum(task.status is TaskStatus.MERGED for task in state.work()),
        "seconds": state.wall_s or seconds_between(story.first_at, story.last_at),
        "endings": endings_of(story),
        "totals": [(name, {_task_name(key): cost for key, cost in total.items()}) for name, total in costs],
        "afterwards": taken_over(story),
        "ended": state.status is not RunStatus.RUNNING,
        "undo": undo(story),
        "next": next_steps(state),
    }


def _task_name(key: str) -> str:
    return "planning" if key == PLANNING else key


def _counts(claims: Mapping[Verdict, int]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in claims.items())


def _decimals(number: float, places: int) -> Markup:
    return Markup(f"{number:.{places}f}")  # noqa: S704  a number


def _usd(cost: Cost) -> Markup:
    unpriced = f" + {cost.unpriced} unpriced" if cost.unpriced else ""
    return Markup(f"{cost.usd:.4f}{unpriced}")  # noqa: S704  numbers

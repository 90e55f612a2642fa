"""The report of a run as one page of HTML that needs nothing else: no script, no font, no address. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files

from devassist.domain.events import ClaimChecked
from devassist.domain.ids import PLANNING, result_branch
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import TaskState
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
from devassist.reports.tags import Markup, joined, tag
from devassist.reports.timeline import section as timeline_section

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_MOST = 1000
_LOOKS = {
    "succeeded": "good",
    "merged": "good",
    "partial": "amber",
    "waiting": "amber",
    "delivered": "amber",
    "stopped": "amber",
    "limited": "amber",
    "failed": "bad",
    "error": "bad",
    "contradicted": "bad",
    "verified": "good",
}


def page(story: Story) -> str:
    """The whole document. Every text in it is escaped by `tag`."""
    state = story.state
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"Run {state.run}: {state.status}"),
        tag("style", Markup(files("devassist.reports").joinpath("page.css").read_text("utf-8"))),
    )
    parts: list[Callable[[Story], Markup]] = [_top, _waits, timeline_section, _plan, _landed, _tasks]
    parts += [_conflicts, _decisions, _lists, _costs, _ends]
    body = tag("body", tag("main", *(part(story) for part in parts)), _foot(story))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _top(story: Story) -> Markup:
    state = story.state
    used = state.usage
    merged = sum(task.status is TaskStatus.MERGED for task in state.work())
    facts = {
        "landed": f"{merged} of {len(state.work())} tasks",
        "exit code": "–" if state.status is RunStatus.RUNNING else str(state.exit_code),  # noqa: RUF001
        "wall time": duration(state.wall_s or seconds_between(story.first_at, story.last_at)),
        "model calls": str(used.model_calls),
        "tokens": f"{used.input_tokens + used.output_tokens:,}",
        "cost": f"{used.usd:.4f} USD" + (f" + {used.unpriced_calls} unpriced" if used.unpriced_calls else ""),
    }
    why = tag("p", tag("strong", "Why it ended. "), state.error) if state.error else ""
    hint = tag("p", tag("strong", "Hint. "), state.hint) if state.hint else ""
    return joined(
        tag("h1", f"Run {state.run} ", _status(str(state.status))),
        tag("p", state.goal or "(the plan was given without a goal)", class_="goal"),
        tag("p", *_with_code(state)),
        why,
        hint,
        tag(
            "dl",
            *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()),
            class_="facts",
        ),
    )


def _with_code(state: RunState) -> Iterator[str]:
    """The outcome's sentence, its names in type of their own."""
    for number, part in enumerate(outcome(state, code=lambda text: f"\0{text}\0").split("\0")):
        yield tag("code", part) if number % 2 else part


def _status(word: str, shown: str = "") -> Markup:
    return tag("span", shown or word, class_=f"status {_LOOKS.get(word, 'dim')}")


def _waits(story: Story) -> Markup:
    items = [
        tag("li", _code(request.id), f" {request.kind}, task {request.task}: {request.question}")
        for request in story.state.waiting
    ]
    return _titled("Waits for a person", tag("ul", *items)) if items else Markup("")


def _plan(story: Story) -> Markup:
    rows = []
    for planned in story.state.plan.tasks if story.state.plan is not None else ():
        task = story.state.tasks[planned.id]
        rows.append(
            [
                _code(task.id),
                task.title,
                task.role,
                _codes(planned.depends_on) or "–",  # noqa: RUF001
                _codes(planned.scope) or "the whole repository",
                _status(str(task.status), SAYS[task.status]),
            ]
        )
    table = _table(["task", "title", "role", "after", "scope", "status"], rows)
    return _titled("Plan", table) if rows else Markup("")


def _landed(story: Story) -> Markup:
    items = [
        tag(
            "li",
            _code(name),
            " as merge ",
            _code(merge.commit[:12]),
            f", approved by {merge.approver}",
        )
        for name, merge in story.merges.items()
    ]
    if not items:
        return Markup("")
    return _titled("What landed", tag("p", "On ", _code(result_branch(story.state.run))), tag("ul", *items))


def _tasks(story: Story) -> Markup:
    cards = [_card(task, story.tasks.get(task.id, Evidence()), story) for task in story.state.work()]
    return _titled("Evidence", *cards) if cards else Markup("")


def _card(task: TaskState, evidence: Evidence, story: Story) -> Markup:
    facts = f"{task.role}, rounds: {task.rounds}"
    facts += "" if task.confidence is None else f", confidence {task.confidence:g}"
    counts = ", ".join(f"{count} {verdict}" for verdict, count in task.claims().items())
    said = [
        tag("li", tag("strong", agent.partition("/")[2]), f": {text}")
        for agent, text in evidence.summaries.items()
    ]
    claims = [_claim(one) for found in evidence.claims.values() for one in found]
    checks = [_check(command, number, story) for command, number in task.checks.items()]
    commits = [
        tag(
            "li",
            _code(commit.created.commit[:12]),
            f" {commit.agent.partition('/')[2]}: ",
            _codes(commit.created.paths[:20]),
        )
        for commit in evidence.commits
    ]
    outputs = [
        joined(tag("h4", f"output of {command}, its end"), tag("pre", ran.tail.strip("\n")))
        for command, ran in evidence.checks.items()
        if ran.exit_code != 0 and ran.tail.strip()
    ]
    return tag(
        "article",
        tag("h3", f"{task.id}: {task.title} ", _status(str(task.status), SAYS[task.status])),
        tag("p", facts, class_="dim"),
        tag("pre", task.error.strip()) if task.error else "",
        _list("handed in", said),
        _list(f"claims: {counts}", claims),
        _list("checks on the merged tree", checks),
        *outputs,
        _list("commits", commits),
        class_="card",
    )


def _claim(claim: ClaimChecked) -> Markup:
    cited = _code(claim.evidence) if claim.evidence else "no evidence"
    mark = tag("span", str(claim.verdict), class_=_LOOKS.get(claim.verdict, "amber"))
    why = f": {claim.reason})" if claim.reason else ")"
    return tag("li", mark, f": {claim.statement} (", cited, why)


def _check(command: str, number: int, story: Story) -> Markup:
    known = ", on the base as well" if number and command in story.fails_on_base else ""
    mark = tag("span", f"exit code {number}{known}", class_="bad" if number else "good")
    return tag("li", _code(command), " ", mark)


def _conflicts(story: Story) -> Markup:
    cards = [
        tag(
            "article",
            tag("h3", f"{conflict.kind} in {conflict.path} ", _status(str(conflict.severity))),
            tag(
                "p", f"{conflict.explanation}. Now: ", tag("strong", endings_of(story).get(id_, "open")), "."
            ),
            tag("p", _codes(conflict.branches)),
            tag("p", f"To do: {conflict.suggestion}") if conflict.suggestion else "",
            tag("p", id_, class_="dim"),
            class_="card",
        )
        for id_, conflict in story.state.conflicts.items()
    ]
    return _titled("Conflicts", *cards) if cards else Markup("")


def _decisions(story: Story) -> Markup:
    rows = [
        [
            clock(decision.at),
            decision.made.who,
            decision.made.question,
            tag("strong", decision.made.choice),
            decision.made.reason,
            "" if decision.made.confidence is None else f"{decision.made.confidence:.2f}",
        ]
        for decision in story.decisions[:_MOST]
    ]
    heads = ["at", "who", "question", "choice", "reason", "confidence"]
    return _titled("Decisions", _table(heads, rows, numbers=1)) if rows else Markup("")


def _lists(story: Story) -> Markup:
    kept = [tag("li", f"{agent}: ", _code(ref)) for agent, ref in story.state.rescued.items()]
    noted = [tag("li", one) for one in story.state.warnings[:_MOST]]
    after = [tag("li", one) for one in taken_over(story)]
    titles = {"Uncommitted work that was kept": kept, "Noted": noted, "Afterwards": after}
    return joined(*(_titled(title, tag("ul", *items)) for title, items in titles.items() if items))


def _costs(story: Story) -> Markup:
    tables = []
    for place, name in enumerate(("task", "role", "model")):
        rows = [_cost(key, one) for key, one in story.totals(place).items()]
        tables.append(_table([name, "calls", "tokens in", "tokens out", "USD"], rows, numbers=4))
    return _titled("Cost", *tables) if story.costs else Markup("")


def _cost(key: str, one: Cost) -> list[str]:
    usd = f"{one.usd:.4f}" + (f" + {one.unpriced} unpriced" if one.unpriced else "")
    name = "planning" if key == PLANNING else key
    return [_code(name), str(one.calls), f"{one.input_tokens:,}", f"{one.output_tokens:,}", usd]


def _ends(story: Story) -> Markup:
    steps = [tag("li", f"{what}: ", _code(command)) for what, command in next_steps(story.state)]
    back = [tag("li", f"{what}: ", _code(command)) for what, command in undo(story)]
    over = story.state.status is not RunStatus.RUNNING
    return joined(
        _titled("Undo", tag("ul", *back)) if over else "",
        _titled("Next", tag("ul", *steps)),
    )


def _foot(story: Story) -> Markup:
    return tag("footer", f"From the audit log up to record {story.state.last_seq}; all times are UTC.")


def _titled(title: str, *children: str) -> Markup:
    return tag("section", tag("h2", title), *children)


def _list(title: str, items: Sequence[Markup]) -> Markup:
    return joined(tag("h4", title), tag("ul", *items)) if items else Markup("")


def _code(text: str) -> Markup:
    return tag("code", text)


def _codes(texts: Sequence[str]) -> Markup:
    found: list[str] = []
    for text in texts:
        found += [", ", _code(text)]
    return joined(*found[1:])


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int = 0) -> Markup:
    """A table whose last `numbers` columns are numbers; it scrolls where there is no room."""
    first = len(heads) - numbers

    def cells(name: str, texts: Sequence[str]) -> Markup:
        shown = (tag(name, text, class_="number" if at >= first else "") for at, text in enumerate(texts))
        return tag("tr", *shown)

    table = tag("table", tag("thead", cells("th", heads)), tag("tbody", *(cells("td", row) for row in rows)))
    return tag("div", table, class_="scroll")

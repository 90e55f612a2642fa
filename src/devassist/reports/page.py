"""The report of a run as one page of HTML that needs nothing else: no script, no font, no address. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from html import escape

from devassist.domain.markup import visible
from devassist.reports.story import Story
from devassist.reports.templates import facts, renderer
from devassist.reports.timeline import timeline

_MOST_ROWS = 1000
_LONGEST_DIFF = 200_000


def page(story: Story, diffs: Mapping[str, str] | None = None) -> str:
    """The whole document; `diffs` has by task what it changes, which is folded."""
    return _render()(facts(story), picture=timeline(story), most=_MOST_ROWS, diffs=_cut(diffs or {}))


def _cut(diffs: Mapping[str, str]) -> Mapping[str, str]:
    """Diffs that a browser can hold: of a long one its first whole lines."""
    cut = {}
    for task, text in diffs.items():
        if len(text) > _LONGEST_DIFF:
            text = f"{text[: text.rfind(chr(10), 0, _LONGEST_DIFF)]}\n... the rest is in git"  # noqa: PLW2901
        cut[task] = text
    return cut


def _text(text: str) -> str:
    return escape(visible(text))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


@cache
def _render() -> Callable[..., str]:
    return renderer("page.html", text=_text, code=_code)

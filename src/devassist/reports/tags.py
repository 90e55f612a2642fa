"""Elements of HTML and SVG whose text cannot be anything but text."""

from __future__ import annotations

from html import escape

from devassist.domain.markup import visible

_EMPTY = frozenset({"meta", "br", "hr"})


class Markup(str):
    """What an element made: the one kind of text that is not escaped again."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | float) -> Markup:
    """
    An element. Children that are not Markup are escaped; `class_` and `stroke_width` become `class` and `stroke-width`.

    Attributes whose value is empty are left out.
    """
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(_value(value)))}"'
        for key, value in attributes.items()
        if value != ""
    )
    if name in _EMPTY:
        return Markup(f"<{name}{shown}>")
    return Markup(f"<{name}{shown}>{joined(*children)}</{name}>")


def joined(*children: str) -> Markup:
    """Children side by side, each escaped unless it is Markup."""
    return Markup(
        "".join(one if isinstance(one, Markup) else escape(visible(one), quote=False) for one in children)
    )


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"

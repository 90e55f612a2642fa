"""Rows of facts: a table, or in a narrow terminal lines, so that no id is ever cut."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from devassist.cli.plain_text import one_line

_GAP, _LEAST = 2, 14
"""Blanks between columns, and what a column needs that may be wrapped."""


class Listing:
    """`ids` are the columns that are typed again. A cell is text, or text with a style."""

    def __init__(self, columns: Sequence[str], *, ids: Collection[str]) -> None:
        self._columns, self._ids = columns, ids
        self._rows: list[list[Text]] = []

    def add(self, *cells: str | Text) -> None:
        self._rows.append(
            [cell if isinstance(cell, Text) else Text(" ".join(one_line(cell).split())) for cell in cells]
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.soft_wrap or self._least_width() <= options.max_width:
            yield self._table()
            return
        for row in self._rows:
            yield row[0]
            for name, cell in zip(self._columns[1:], row[1:], strict=True):
                if cell.plain:
                    yield Text.assemble((f"  {name}: ", "dim"), cell)

    def _least_width(self) -> int:
        total = 0
        for number, name in enumerate(self._columns):
            widest = max((row[number].cell_len for row in self._rows), default=0)
            total += max(len(name), widest if name in self._ids else min(widest, _LEAST)) + _GAP
        return total

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False)
        for name in self._columns:
            table.add_column(name, no_wrap=name in self._ids, overflow="fold")
        for row in self._rows:
            table.add_row(*row)
        return table

"""`devassist conflicts order`: the order of merging that lands most."""

from __future__ import annotations

import msgspec
import typer

from devassist.app.conflicts import compare as comparing
from devassist.app.conflicts import ledger as life
from devassist.cli.commands.conflicts.options import Base, Branches, Committed, Every
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.view.conflict_view import stale_line


def order(
    context: typer.Context,
    branches: Branches = None,
    every: Every = False,
    base: Base = "",
    committed: Committed = False,
    output: Output = Format.text,
) -> None:
    """Print the order of merging that lands most branches."""
    invocation = of(context)
    wanted = comparing.Comparison(branches=tuple(branches or ()), every=every, base=base, committed=committed)
    compared = life.compare_and_remember(invocation.project(), wanted)
    if output is Format.json:
        stale = msgspec.to_builtins(compared.stale)
        order_ = {"schema": "devassist.order/1", "base": compared.base, "order": list(compared.order)}
        print_json({**order_, "waves": [list(wave) for wave in compared.waves], "stale": stale})
        return
    for name in compared.order:
        invocation.answers.print(name, markup=False)
    first = ", ".join(compared.waves[0]) if compared.waves else ""
    rest = [name for wave in compared.waves[1:] for name in wave]
    if rest:
        invocation.say(f"without a conflict: {first or 'none'}; each with one to resolve: {', '.join(rest)}")
    for branch in compared.stale:
        invocation.say(stale_line(branch), style="yellow")

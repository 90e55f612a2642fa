"""The three-way view in the terminal: hunk by hunk, by symbol, with both intents; every answer can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rich.text import Text

from devassist.app.conflicts.open_conflict import OpenConflict, OpenHunk
from devassist.cli.invocation import Invocation
from devassist.cli.plain_text import plain
from devassist.cli.view.editing import edited_text
from devassist.domain.errors import Interrupted, UsageError

_KEYS = {
    "a": "ours",
    "b": "theirs",
    "ab": "ours+theirs",
    "ba": "theirs+ours",
    "o": "base",
}
_HELP = (
    "[a] {ours}  [b] {theirs}  [ab] both, {ours} first  [ba] both, {theirs} first  [o] as it was  "
    "[e]dit  [s]kip  [u]ndo  [q]uit"
)
_LOOKS = {"ours": "green", "theirs": "cyan", "base": "dim"}


@dataclass
class ThreeWay:
    """One pass over the hunks. `ask` gives what was typed, `show` prints, `edit` opens an editor on one hunk."""

    hunks: Sequence[OpenHunk]
    names: tuple[str, str]
    ask: Callable[[str], str]
    show: Callable[[Text], None]
    edit: Callable[[OpenHunk], str]
    answers: dict[int, str] = field(default_factory=dict)
    _done: list[int] = field(default_factory=list)

    def run(self) -> list[str]:
        """The answer to each hunk, in their order. Raises Interrupted on quit: nothing is changed then."""
        skipped: set[int] = set()
        while True:
            at = self._next(skipped)
            said = self._last(skipped) if at is None else self._about(at)
            if said == "q":
                raise Interrupted("left as it was: nothing is changed")
            if said == "u":
                self._undo(skipped)
            elif said == "r":
                skipped.clear()
            elif said == "y":
                return [self.answers[number] for number in range(len(self.hunks))]
            elif at is not None:
                self._done.append(at)
                if said == "s":
                    skipped.add(at)
                else:
                    hunk = self.hunks[at]
                    self.answers[at] = self.edit(hunk) if said == "e" else hunk.taking(_KEYS[said])

    def _about(self, at: int) -> str:
        self._print(at)
        names = {"ours": plain(self.names[0]), "theirs": plain(self.names[1])}
        return self._asked(_HELP.format_map(names), (*_KEYS, "e", "s", "u", "q"))

    def _last(self, skipped: set[int]) -> str:
        """Every hunk was shown: what was skipped comes again, and what was answered can still be taken back."""
        if skipped:
            return self._asked(f"{len(skipped)} skipped: [r]eturn to them  [u]ndo  [q]uit", ("r", "u", "q"))
        return self._asked("all answered: [y] keep  [u]ndo  [q]uit", ("y", "u", "q"))

    def _next(self, skipped: set[int]) -> int | None:
        left = (at for at in range(len(self.hunks)) if at not in self.answers and at not in skipped)
        return next(left, None)

    def _undo(self, skipped: set[int]) -> None:
        if not self._done:
            self.show(Text("there is nothing to undo", style="dim"))
            return
        last = self._done.pop()
        self.answers.pop(last, None)
        skipped.discard(last)

    def _asked(self, prompt: str, known: Collection[str]) -> str:
        while (said := self.ask(prompt).strip().lower()) not in known:
            self.show(Text(f"{plain(said)!r} is no answer", style="yellow"))
        return said

    def _print(self, at: int) -> None:
        hunk = self.hunks[at]
        where = f"{hunk.path}, {hunk.symbol}" if hunk.symbol else hunk.path
        self.show(Text(f"\nhunk {at + 1} of {len(self.hunks)}: {plain(where)}", style="bold"))
        titles = {"base": "as it was", "ours": f"a: {self.names[0]}", "theirs": f"b: {self.names[1]}"}
        for name in ("base", "ours", "theirs"):
            self.show(Text(f"--- {plain(titles[name])}", style=_LOOKS[name]))
            self.show(Text(plain(hunk.text(name)) or "(nothing)", style=_LOOKS[name]))


def asked(invocation: Invocation, found: OpenConflict) -> Mapping[str, str]:
    """Path -> text, from answers in the terminal. Raises UsageError where there is no hunk to choose."""
    hunks = found.hunks()
    if not hunks or any(one.marked is None for one in found.pair.files):
        raise UsageError(f"{found.ids[0]} is not about lines alone", hint="--take SIDE or --agent")
    one, other = found.conflict.branches
    for name, intent in found.intents().items():
        invocation.narration.print(Text(f"{plain(name)} is for: {plain(intent)}", style="dim"))
    session = ThreeWay(
        hunks=hunks,
        names=(one, other),
        ask=lambda prompt: invocation.narration.input(Text(f"{prompt}\n> ")),
        show=invocation.narration.print,
        edit=lambda hunk: edited_text(invocation, hunk.path, hunk.marked(one, other)),
    )
    try:
        answers = session.run()
    except EOFError:
        raise Interrupted("left as it was: nothing is changed") from None
    return found.answered(answers)

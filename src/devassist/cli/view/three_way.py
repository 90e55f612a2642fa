"""The three-way view in the terminal: hunk by hunk, with symbols and both intents; every answer can be undone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rich.text import Text

from devassist.app.conflicts.open_conflict import OpenConflict, OpenHunk
from devassist.cli.invocation import Invocation
from devassist.cli.plain_text import plain
from devassist.cli.view.editing import edit_text
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
    """One pass over the hunks. `ask` prompts and returns a line, `show` prints, `edit` opens an editor on one hunk."""

    hunks: Sequence[OpenHunk]
    names: tuple[str, str]
    ask: Callable[[str], str]
    show: Callable[[Text], None]
    edit: Callable[[OpenHunk], str]
    answers: dict[int, str] = field(default_factory=dict)
    _done: list[int] = field(default_factory=list)

    def run(self) -> list[str]:
        """The answer to each hunk, in order. Raises Interrupted on quit; nothing is changed then."""
        skipped: set[int] = set()
        while True:
            at = self._next(skipped)
            key = self._last(skipped) if at is None else self._about(at)
            if key == "q":
                raise Interrupted("left as it was: nothing is changed")
            if key == "u":
                self._undo(skipped)
            elif key == "r":
                skipped.clear()
            elif key == "y":
                return [self.answers[number] for number in range(len(self.hunks))]
            elif at is not None:
                self._done.append(at)
                if key == "s":
                    skipped.add(at)
                else:
                    hunk = self.hunks[at]
                    self.answers[at] = self.edit(hunk) if key == "e" else hunk.taking(_KEYS[key])

    def _about(self, at: int) -> str:
        self._print(at)
        names = {"ours": plain(self.names[0]), "theirs": plain(self.names[1])}
        return self._prompt(_HELP.format_map(names), (*_KEYS, "e", "s", "u", "q"))

    def _last(self, skipped: set[int]) -> str:
        """After the last hunk: skipped hunks come again, and answers can still be undone."""
        if skipped:
            return self._prompt(f"{len(skipped)} skipped: [r]eturn to them  [u]ndo  [q]uit", ("r", "u", "q"))
        return self._prompt("all answered: [y] keep  [u]ndo  [q]uit", ("y", "u", "q"))

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

    def _prompt(self, prompt: str, known: Collection[str]) -> str:
        while (key := self.ask(prompt).strip().lower()) not in known:
            self.show(Text(f"{plain(key)!r} is no answer", style="yellow"))
        return key

    def _print(self, at: int) -> None:
        hunk = self.hunks[at]
        where = f"{hunk.path}, {hunk.symbol}" if hunk.symbol else hunk.path
        self.show(Text(f"\nhunk {at + 1} of {len(self.hunks)}: {plain(where)}", style="bold"))
        titles = {"base": "as it was", "ours": f"a: {self.names[0]}", "theirs": f"b: {self.names[1]}"}
        for name in ("base", "ours", "theirs"):
            self.show(Text(f"--- {plain(titles[name])}", style=_LOOKS[name]))
            self.show(Text(plain(hunk.text(name)) or "(nothing)", style=_LOOKS[name]))


def answer_hunks(invocation: Invocation, conflict: OpenConflict) -> Mapping[str, str]:
    """The resolved texts by path, from answers in the terminal. Raises UsageError if a file has no hunks."""
    hunks = conflict.hunks()
    if not hunks or any(file.marked is None for file in conflict.pair.files):
        raise UsageError(f"{conflict.ids[0]} is not only about lines", hint="--take SIDE or --agent")
    ours, theirs = conflict.conflict.branches
    for name, intent in conflict.intents().items():
        invocation.narration.print(Text(f"{plain(name)} is for: {plain(intent)}", style="dim"))
    session = ThreeWay(
        hunks=hunks,
        names=(ours, theirs),
        ask=lambda prompt: invocation.narration.input(Text(f"{prompt}\n> ")),
        show=invocation.narration.print,
        edit=lambda hunk: edit_text(invocation, hunk.path, hunk.marked(ours, theirs)),
    )
    try:
        answers = session.run()
    except EOFError:
        raise Interrupted("left as it was: nothing is changed") from None
    return conflict.answered(answers)

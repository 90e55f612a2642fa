"""The work of an agent that writes: choose files, write code, have the checks judge it, and try again."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from devassist.crew.text_protocol.outcomes import checks_pass, failure, last_line, page
from devassist.crew.text_protocol.replies import Block, blocks, is_cut_off
from devassist.crew.text_protocol.showing import candidates, named_in, shown
from devassist.crew.text_protocol.splice import NotSpliced, shared_names, spliced
from devassist.crew.text_protocol.steps import Act, Answer, Ask, Brief, GaveUp, Work, ask_object, shortened
from devassist.domain.events import JsonObject

MOST_TRIES = 4
_MOST_FILES = 4
_MOST_PAGES = 8
_LONGEST_SUMMARY = 300
_PLAIN_PATH = re.compile(r"(?!/)(?!.*(?:^|/)\.\.?(?:/|$))[\w@.+/-]+")
_FORM = (
    "Answer with the complete new code of each function, method or class that you change or add, each in a fenced "
    "block under a line with the path of its file:\n\n"
    "{path}\n```\n...\n```\n\n"
    "Leave out what does not change. To write a file as a whole, put `(whole file)` behind its path."
)

Steps = Generator[Ask | Act, Answer, str]
"""A part of the work. It returns what went wrong, for the model to read; empty if nothing did."""


def write(brief: Brief) -> Work:
    """Raises GaveUp after four tries, with what came of each."""
    desk = _Desk(brief)
    yield from desk.look_around()
    tries: list[str] = []
    trouble = ""
    for number in range(1, MOST_TRIES + 1):
        trouble = yield from desk.attempt(trouble)
        tries.append(f"{number}: {trouble.strip().splitlines()[0]}")
    raise GaveUp(f"{MOST_TRIES} tries in the text protocol came to nothing ({'; '.join(tries)})")


@dataclass
class _Desk:
    """The files of one task as the agent knows them: read once, then as it has written them."""

    brief: Brief
    files: dict[str, str | None] = field(default_factory=dict)
    """Path -> text; None for one that is to be created."""
    paths: Sequence[str] = ()
    summary: str = ""

    def look_around(self) -> Generator[Ask | Act, Answer, None]:
        """Have the model choose among the files of the repository, and read those."""
        listing = yield Act("list_files", {})
        self.paths = [line for line in listing.text.split("\n") if line and not line.startswith(("(", "["))]
        offered = candidates(self.paths, self.brief)
        value = yield from ask_object(self._choice(offered), _choice_schema(offered))
        change, create = value["change"], value["create"]
        assert isinstance(change, list)  # noqa: S101  by the schema
        assert isinstance(create, list)  # noqa: S101  by the schema
        self.summary = str(value["summary"]).strip()[:_LONGEST_SUMMARY]
        # What the task itself names has to change, whatever the model thinks.
        named = [path for path in offered if named_in(path, self.brief.text)]
        for path in list(dict.fromkeys([*named[:_MOST_FILES], *map(str, change)]))[:_MOST_FILES]:
            yield from self._read(path)
        for path in map(str, create[:_MOST_FILES]):
            if _PLAIN_PATH.fullmatch(path) and path not in self.paths:
                self.files[path] = None
        if not self.files:
            raise GaveUp("it chose no file that can be changed or created")

    def _choice(self, offered: Sequence[str]) -> str:
        listed = "\n".join(offered) or "(none)"
        return (
            f"{shortened(self.brief.rest, self.brief.room // 3)}\n\nFiles of the repository:\n{listed}\n\n"
            "Which of these files have to change, and which new files are needed? Answer with a JSON object: "
            '{"change": ["path"], "create": [], "summary": "what you will do, in one sentence"}'
        )

    def _read(self, path: str) -> Generator[Ask | Act, Answer, None]:
        """Read a file, page by page. One that is too long to be written again is left out."""
        lines: list[str] = []
        start = 1
        for _ in range(_MOST_PAGES):
            result = yield Act("read_file", {"path": path, "start_line": start})
            read = page(result.text)
            if read.lines is None:
                return
            lines += read.lines
            start = read.next
            if not start:
                self.files[path] = "\n".join([*lines, ""]) if lines else ""
                return

    def attempt(self, trouble: str) -> Steps:
        """One try. It returns only if the work was not accepted."""
        answer = yield Ask(self._question(trouble))
        is_partial = answer.cut_off or is_cut_off(answer.text)
        if is_partial and not blocks(answer.text, ()):  # what is whole of it, the checks can judge
            return "Your answer was cut off at the limit of its length. Write less: only the functions that change."
        wrong = yield from self._take(answer.text)
        if wrong:
            return wrong
        claims: list[JsonObject] = []
        if self.brief.checks:
            result = yield Act("run_checks", {})
            if not checks_pass(result.text):
                return f"{last_line(result.text)}:\n{failure(result.text, self.brief.room // 4)}"
            claims = [{"statement": "the checks pass", "evidence": result.evidence}]
        summary = self.summary or f"change {', '.join(self.files)}"
        work = {"summary": summary, "confidence": self.brief.confidence, "claims": claims}
        answer = yield Act("submit_work", work)
        return f"The work was not accepted: {answer.text}"

    def _question(self, trouble: str) -> str:
        brief = self.brief
        parts = [
            shortened(brief.rest, brief.room // 6),
            "The files as they are now:\n\n"
            + shown(self.files, words=f"{brief.text}\n{trouble}", room=brief.room // 2),
        ]
        if trouble:
            parts.append(f"Your last answer did not do it. {trouble}")
        parts.append(_FORM.format(path=next(iter(self.files))))
        return "\n\n".join(filter(None, parts))

    def _take(self, text: str) -> Steps:
        """Write the code of a reply into its files."""
        found = blocks(text, [*self.files, *self.paths]) or self._bare(text)
        if not found:
            return "There was no fenced block with code in it."
        new: dict[str, str] = {}
        for block in found:
            path = block.path or self._home_of(block.code)
            if not path:
                return "A block of code has no line with the path of its file above it."
            if path not in self.files and path in self.paths:
                yield from self._read(path)
            if path in self.paths and path not in self.files:
                return f"{path} is too long to be written."
            try:
                new[path] = spliced(path, new.get(path, self.files.get(path)), block.code, whole=block.whole)
            except NotSpliced as error:
                return f"Nothing was written: {error}."
        changed = {path: code for path, code in new.items() if code != self.files.get(path)}
        if not changed:
            return "That is what is there already: nothing would change."
        for path, code in changed.items():
            result = yield Act("write_file", {"path": path, "content": code})
            if result.refused:
                return f"{path} was not written: {result.text}"
            self.files[path] = code
        return ""

    def _home_of(self, code: str) -> str:
        """The file of code that names none: the only one, or the only one that has some of its functions."""
        texts = {path: text or "" for path, text in self.files.items()}
        homes = (
            list(texts)
            if len(texts) == 1
            else [path for path in texts if shared_names(path, texts[path], code)]
        )
        return homes[0] if len(homes) == 1 else ""

    def _bare(self, text: str) -> Sequence[Block]:
        """A reply that is nothing but code, without a fence."""
        if len(self.files) != 1:
            return ()
        (path,) = self.files
        try:
            spliced(path, self.files[path] or None, text)
        except NotSpliced:
            return ()
        return [Block(code=text, path=path)] if path.rpartition(".")[2] not in _PROSE else ()


_PROSE = frozenset({"md", "rst", "txt", ""})


def _choice_schema(offered: Sequence[str]) -> JsonObject:
    item: JsonObject = {"type": "string", "enum": list(offered)} if offered else {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "change": {"type": "array", "items": item},
            "create": {"type": "array", "items": {"type": "string"}},
            "summary": {"type": "string"},
        },
        "required": ["change", "create", "summary"],
        "additionalProperties": False,
    }

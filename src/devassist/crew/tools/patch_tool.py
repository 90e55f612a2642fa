"""The tool that applies a patch to several files: all of it or nothing, and once, though devassist may be killed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from devassist.crew.tools import shapes
from devassist.crew.tools.editing import content_of
from devassist.crew.tools.paths import LARGEST_FILE, plain_path, require_writable
from devassist.crew.tools.text.patch_reader import parse_patch
from devassist.crew.tools.text.patches import BadPatch, FilePatch
from devassist.crew.tools.text.patching import patched
from devassist.crew.tools.text.texts import is_binary
from devassist.crew.tools.tool_context import ToolContext, ToolOutcome, ToolRefused
from devassist.domain.errors import DevassistError

Read = Callable[[str], bytes | None]
"""Path -> its content before the patch; None if there is no file."""


class _Gone(Exception):
    """What a file held before the patch is not there any more: its part of the patch has been applied."""


@dataclass(slots=True)
class _Plan:
    """What a patch comes to. `after` is path -> content, None where the file goes; `moved` is new path -> old."""

    before: dict[str, bytes | None] = field(default_factory=dict)
    after: dict[str, bytes | None] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def now(self, path: str, read: Read) -> bytes | None:
        """The content of `path` at this point of the patch."""
        if path not in self.after:
            self.before[path] = self.after[path] = read(path)
        return self.after[path]

    @property
    def changed(self) -> Sequence[str]:
        return [path for path, content in self.after.items() if content != self.before[path]]


def paths_of(session: ToolContext, arguments: shapes.ApplyPatch) -> Sequence[str]:
    """Every path that the patch names, old and new. Raises ToolRefused if it is no patch."""
    return list(dict.fromkeys(path for patch in _parsed(session, arguments) for path in patch.paths))


def apply_patch(session: ToolContext, arguments: shapes.ApplyPatch, _evidence: str) -> ToolOutcome:
    patches = _parsed(session, arguments)
    for path in paths_of(session, arguments):
        require_writable(session, path)
    plan = _planned(patches, lambda path: _content(session, path))
    if not plan.changed:
        raise ToolRefused("the patch changes nothing: the files are already as it would make them")
    _carry_out(session, plan)
    return _outcome(session, plan)


def apply_rest(session: ToolContext, arguments: shapes.ApplyPatch, before: Mapping[str, str]) -> ToolOutcome:
    """
    Go on with a patch that was cut off; `before` is path -> the blob id that it had, empty if there was no file.

    What was written already is known by its other content; the rest is made from what is still as it was.
    """
    patches = _parsed(session, arguments)
    now = {path: content_of(session, path) for path in before}
    if now == dict(before):
        return apply_patch(session, arguments, "")
    copies = {blob: path for path, blob in now.items() if blob}

    def read(path: str) -> bytes | None:
        blob = before.get(path, "")
        if not blob:
            return None
        if now[path] != blob and blob not in copies:
            raise _Gone
        return _content(session, path if now[path] == blob else copies[blob])

    whole = _Plan()
    for group in _connected(patches):
        with contextlib.suppress(_Gone):
            _carry_out(session, _planned(group, read))
        for patch in group:
            whole.before.update(dict.fromkeys(patch.paths, b""))
            whole.after.update({patch.path: None} if patch.path else {})
            whole.after.update({patch.new_path: b"\0"} if patch.new_path else {})
    return _outcome(session, whole)


def _parsed(session: ToolContext, arguments: shapes.ApplyPatch) -> Sequence[FilePatch]:
    try:
        patches = parse_patch(arguments.patch)
    except BadPatch as error:
        raise ToolRefused(f"patch: {error}") from error
    return [
        replace(patch, path=_plain(session, patch.path), new_path=_plain(session, patch.new_path))
        for patch in patches
    ]


def _plain(session: ToolContext, path: str) -> str:
    return plain_path(session, path) if path else ""


def _content(session: ToolContext, path: str) -> bytes | None:
    try:
        content = session.files.read_bytes(path, LARGEST_FILE + 1)
    except FileNotFoundError:
        return None
    if len(content) > LARGEST_FILE:
        raise ToolRefused(f"{path} has more than {LARGEST_FILE:,} bytes; change it with run_command")
    return content


def _planned(patches: Sequence[FilePatch], read: Read) -> _Plan:
    """Raises ToolRefused if any part does not fit."""
    plan = _Plan()
    for patch in patches:
        try:
            _add(plan, patch, read)
        except BadPatch as error:
            raise ToolRefused(f"patch: {error}\nNothing was changed.") from error
    return plan


def _add(plan: _Plan, patch: FilePatch, read: Read) -> None:
    old, new = patch.path, patch.new_path
    content = plan.now(old, read) if old else b""
    if content is None:
        raise BadPatch(f"there is no file {old}")
    if new and new != old and plan.now(new, read) is not None:
        raise BadPatch(f"{new} is there already")
    if patch.hunks and is_binary(content):
        raise BadPatch(f"{old} is a binary file")
    result = patched(content, patch.hunks, path=old or new)
    if not new and patch.hunks and result.content:
        raise BadPatch(f"{old} has more lines than the patch deletes")
    plan.notes += [f"{new or old}: {note}" for note in result.notes]
    if old and new != old:
        plan.after[old] = None
    if new:
        plan.after[new] = result.content
    if old and new and new != old:
        plan.moved[new] = plan.moved.pop(old, old)


def _carry_out(session: ToolContext, plan: _Plan) -> None:
    """Make every change, or none: what was done is taken back if one of them fails."""
    undo = list[Callable[[], None]]()
    files = session.files
    try:
        for new, old in plan.moved.items():
            if plan.before.get(old) is not None and plan.after[old] is None and files.exists(old):
                files.move(old, new)
                undo.append(partial(files.move, new, old))
        for path, content in plan.after.items():
            if content is not None and content != _content(session, path):
                restore = _restoring(session, path, _content(session, path))
                files.write_bytes(path, content)
                undo.append(restore)
        for path in [path for path, content in plan.after.items() if content is None and files.exists(path)]:
            restore = _restoring(session, path, _content(session, path))
            files.delete(path)
            undo.append(restore)
    except (OSError, DevassistError, ToolRefused):
        for step in reversed(undo):
            step()
        raise


def _restoring(session: ToolContext, path: str, content: bytes | None) -> Callable[[], None]:
    def restore() -> None:
        if content is not None:
            session.files.write_bytes(path, content)
        elif session.files.exists(path):
            session.files.delete(path)

    return restore


def _connected(patches: Sequence[FilePatch]) -> Iterator[Sequence[FilePatch]]:
    """The patches in groups that share no path with each other, each in order."""
    groups: list[tuple[set[str], list[FilePatch]]] = []
    for patch in patches:
        joined: tuple[set[str], list[FilePatch]] = (set(patch.paths), [])
        rest = []
        for group in groups:
            if group[0] & joined[0]:
                joined = (joined[0] | group[0], [*joined[1], *group[1]])
            else:
                rest.append(group)
        groups = [*rest, (joined[0], [*joined[1], patch])]
    for _, members in groups:
        yield members


def _outcome(session: ToolContext, plan: _Plan) -> ToolOutcome:
    wrote = tuple(path for path in plan.after if path in plan.changed)
    lines = [
        _told(plan, path) for path in wrote if path not in plan.moved.values() or plan.after[path] is not None
    ]
    return ToolOutcome(
        text="\n".join([*lines, *plan.notes]),
        subject=wrote[0] if len(wrote) == 1 else f"{len(wrote)} files",
        wrote=wrote,
        summary="; ".join(lines)[:300],
        blob=content_of(session, wrote[0]) if len(wrote) == 1 else "",
    )


def _told(plan: _Plan, path: str) -> str:
    if path in plan.moved:
        return f"moved {plan.moved[path]} to {path}"
    if plan.after[path] is None:
        return f"deleted {path}"
    return f"{'created' if plan.before[path] is None else 'changed'} {path}"

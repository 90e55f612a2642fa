"""The tools that write single files. Each can be told from its arguments and the file whether it was done already."""

from __future__ import annotations

from devassist.crew.tools import shapes
from devassist.crew.tools.paths import LARGEST_FILE, content_to_edit, plain_path, require_writable
from devassist.crew.tools.text.replacing import Edit, NotReplaced, replaced, with_line_ends_of
from devassist.crew.tools.tool_context import ToolContext, ToolOutcome, ToolRefused
from devassist.domain.errors import Refused
from devassist.domain.hashing import blob_id


def content_of(session: ToolContext, path: str) -> str:
    """The blob id of a file as it is now; empty if there is none that may be read."""
    try:
        return blob_id(session.files.read_bytes(plain_path(session, path), LARGEST_FILE))
    except (OSError, Refused):
        return ""


def write_outcome(session: ToolContext, arguments: shapes.FileWrite, *, existed: bool) -> ToolOutcome:
    """The outcome of a write tool after the write."""
    path = plain_path(session, arguments.path)
    match arguments:
        case shapes.DeleteFile():
            text = f"deleted {path}"
            return ToolOutcome(text=text, subject=path, wrote=(path,), summary=f"{path} was deleted")
        case shapes.MoveFile():
            new_path = plain_path(session, arguments.new_path)
            text = f"moved {path} to {new_path}"
            wrote = _moved(session, path, new_path)
            return ToolOutcome(text=text, subject=new_path, wrote=wrote, summary=text)
        case shapes.WriteFile():
            content = session.files.read_bytes(path, LARGEST_FILE)
            verb = "wrote" if existed else "created"
            return _written(f"{verb} {path} ({len(content)} bytes{_kept(arguments, content)})", path, content)
        case _:
            return _written(f"replaced in {path}", path, session.files.read_bytes(path, LARGEST_FILE))


def _kept(arguments: shapes.WriteFile, content: bytes) -> str:
    kept = b"\r\n" in content and "\r\n" not in arguments.content
    return ", with the CRLF line ends that the file had" if kept else ""


def _moved(session: ToolContext, path: str, new_path: str) -> tuple[str, ...]:
    """The old and the new paths of a file, or of every file of a directory."""
    try:
        below = session.files.list(new_path, "**/*")
    except NotADirectoryError:
        return (path, new_path)
    return tuple(name for new in below for name in (path + new.removeprefix(new_path), new))


def _written(text: str, path: str, content: bytes) -> ToolOutcome:
    return ToolOutcome(text=text, subject=path, wrote=(path,), summary=text, blob=blob_id(content))


def write_file(session: ToolContext, arguments: shapes.WriteFile, _evidence: str) -> ToolOutcome:
    r"""Write a whole file. Content without `\r\n` gets the line ends, and any content the BOM, of the file before."""
    path = plain_path(session, arguments.path)
    require_writable(session, path)
    existed = session.files.exists(path)
    content = arguments.content.encode("utf-8", "surrogatepass")
    if existed:
        content = with_line_ends_of(content, session.files.read_bytes(path, LARGEST_FILE))
    session.files.write_bytes(path, content)
    return write_outcome(session, arguments, existed=existed)


def replace_in_file(session: ToolContext, arguments: shapes.ReplaceInFile, _evidence: str) -> ToolOutcome:
    return _edited(session, arguments, [Edit(arguments.old, arguments.new)])


def edit_file(session: ToolContext, arguments: shapes.EditFile, _evidence: str) -> ToolOutcome:
    edits = [Edit(edit.old, edit.new, edit.replace_all) for edit in arguments.edits]
    return _edited(session, arguments, edits)


def _edited(session: ToolContext, arguments: shapes.FileWrite, edits: list[Edit]) -> ToolOutcome:
    path = plain_path(session, arguments.path)
    require_writable(session, path)
    try:
        content = replaced(content_to_edit(session, path), edits, path=path)
    except NotReplaced as error:
        raise ToolRefused(str(error)) from error
    session.files.write_bytes(path, content)
    return write_outcome(session, arguments, existed=True)


def delete_file(session: ToolContext, arguments: shapes.DeleteFile, _evidence: str) -> ToolOutcome:
    path = plain_path(session, arguments.path)
    require_writable(session, path)
    session.files.delete(path)
    return write_outcome(session, arguments, existed=True)


def move_file(session: ToolContext, arguments: shapes.MoveFile, _evidence: str) -> ToolOutcome:
    path, new_path = plain_path(session, arguments.path), plain_path(session, arguments.new_path)
    require_writable(session, path)
    require_writable(session, new_path)
    session.files.move(path, new_path)
    return write_outcome(session, arguments, existed=True)

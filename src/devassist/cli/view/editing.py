"""Opens copies of conflicting texts in the person's editor; it never sees the repository's own files."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from devassist.app.conflicts.learning import repeated_texts
from devassist.app.conflicts.open_conflict import OpenConflict
from devassist.cli.invocation import Invocation
from devassist.cli.plain_text import one_line
from devassist.domain.errors import Unfinished, UsageError

_EDITORS = ("GIT_EDITOR", "VISUAL", "EDITOR")


def edit_files(invocation: Invocation, conflict: OpenConflict) -> Mapping[str, str]:
    """
    The text of each conflicting file as the person saved it, by path.

    Raises UsageError without an editor or anything to edit, Unfinished if the editor fails or nothing was saved.
    """
    texts = repeated_texts(conflict) if conflict.semantic else conflict.texts()
    if not texts:
        raise UsageError(f"{conflict.ids[0]} has no lines to edit", hint="--take SIDE without --edit")
    answers = {path: edit_text(invocation, path, text) for path, text in texts.items()}
    if answers == texts:
        raise Unfinished("nothing was saved: every file is as it was", hint="--take SIDE, or edit and save")
    return answers


def edit_in_place(invocation: Invocation, path: Path) -> None:
    """Open a file of the person's own in their editor. Raises UsageError without one, Unfinished if it fails."""
    environment = invocation.host.environment
    editor = next((environment[name] for name in _EDITORS if environment.get(name)), "")
    if not editor:
        raise UsageError("no editor is set", hint=f"set GIT_EDITOR, VISUAL or EDITOR, or open {path} by hand")
    _start_editor(editor, path, environment)


def edit_text(invocation: Invocation, path: str, text: str) -> str:
    """A text as the person saved it, in a file with the name of `path`."""
    environment = invocation.host.environment
    editor = next((environment[name] for name in _EDITORS if environment.get(name)), "")
    if not editor:
        raise UsageError("no editor is set", hint="set GIT_EDITOR, VISUAL or EDITOR, or --take SIDE")
    invocation.say(f"editing {one_line(path)}")
    with tempfile.TemporaryDirectory(prefix="devassist-edit-") as directory:
        return _run_editor(editor, Path(directory) / Path(path).name, text, environment)


def _run_editor(editor: str, file: Path, text: str, environment: Mapping[str, str]) -> str:
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    _start_editor(editor, file, environment)
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise Unfinished(f"the edited file is gone: {error.strerror}") from error


def _start_editor(editor: str, file: Path, environment: Mapping[str, str]) -> None:
    # As with git, the setting is a shell command, and the file its argument.
    done = subprocess.run(
        ["/bin/sh", "-c", f'{editor} "$@"', editor, str(file)], env=dict(environment), check=False
    )
    if done.returncode:
        raise Unfinished(
            f"the editor ended with {done.returncode}", hint=f"{editor.split(maxsplit=1)[0]} is what was run"
        )

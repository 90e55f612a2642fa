"""The person's editor, on copies of the files that conflict; nothing of the repository is opened."""

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


def edited(invocation: Invocation, found: OpenConflict) -> Mapping[str, str]:
    """
    Path -> text of each file as it was saved.

    Raises UsageError without an editor or anything to edit, Unfinished when it fails or nothing was saved.
    """
    texts = repeated_texts(found) if found.semantic else found.texts()
    if not texts:
        raise UsageError(f"{found.ids[0]} has no lines to edit", hint="--take SIDE without --edit")
    answers = {path: edited_text(invocation, path, text) for path, text in texts.items()}
    if answers == texts:
        raise Unfinished("nothing was saved: every file is as it was", hint="--take SIDE, or edit and save")
    return answers


def edited_text(invocation: Invocation, path: str, text: str) -> str:
    """One text as it was saved in the editor, under the name that `path` ends with."""
    environment = invocation.host.environment
    editor = next((environment[name] for name in _EDITORS if environment.get(name)), "")
    if not editor:
        raise UsageError("no editor is set", hint="set GIT_EDITOR, VISUAL or EDITOR, or --take SIDE")
    invocation.say(f"editing {one_line(path)}")
    with tempfile.TemporaryDirectory(prefix="devassist-edit-") as directory:
        return _edited(editor, Path(directory) / Path(path).name, text, environment)


def _edited(editor: str, file: Path, text: str, environment: Mapping[str, str]) -> str:
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    # As git does: the setting is a shell command, the file its argument.
    done = subprocess.run(
        ["/bin/sh", "-c", f'{editor} "$@"', editor, str(file)], env=dict(environment), check=False
    )
    if done.returncode:
        raise Unfinished(
            f"the editor ended with {done.returncode}", hint=f"{editor.split(maxsplit=1)[0]} is what was run"
        )
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise Unfinished(f"the edited file is gone: {error.strerror}") from error

"""The arguments of the tools that work: what the model sees of each, and the values that its code gets."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Arguments(BaseModel):
    """Unknown arguments are errors; null means that an optional argument was left out."""

    model_config = ConfigDict(extra="forbid")


class ListFiles(Arguments):
    """List files below a directory, without ignored ones."""

    path: str = "."
    glob: str = Field(default="**/*", description="as in search_code")


class SearchCode(Arguments):
    """Search file contents, like ripgrep: untracked files too, ignored ones not."""

    pattern: str = Field(min_length=1, description="Perl regular expression, matched line by line")
    path: str = Field(default=".", description="directory or file")
    glob: str = Field(default="**/*", description="*.py is at any depth, /*.py not; {a,b}, !exclude")
    context: int = Field(default=0, ge=0, le=50, description="lines around each match")
    ignore_case: bool | None = Field(
        default=None, description="left out: only where the exact case is not there"
    )


class ReadFile(Arguments):
    """Read a text file with numbered lines, 400 at a time."""

    path: str
    start_line: int = Field(default=1, ge=1)
    end_line: int | None = None


class FileWrite(Arguments):
    """The arguments that all tools that change a file share."""

    path: str


class WriteFile(FileWrite):
    """Write a whole file, creating it and its directories. An existing file keeps its CRLF line ends and BOM."""

    content: str


class ReplaceInFile(FileWrite):
    """Replace one exact piece of text in a file. `old` must be unique."""

    old: str = Field(min_length=1)
    new: str


class Edit(BaseModel):
    """One replacement."""

    model_config = ConfigDict(extra="forbid")
    old: str = Field(min_length=1)
    new: str
    replace_all: bool = False


class EditFile(FileWrite):
    """Make replacements in a file, all or none, in order. Each `old` must be unique unless replace_all."""

    edits: list[Edit] = Field(min_length=1)


class DeleteFile(FileWrite):
    """Delete a file."""


class MoveFile(FileWrite):
    """Move or rename a file."""

    new_path: str


class ApplyPatch(Arguments):
    """Apply a patch to one or more files, all of it or nothing."""

    patch: str = Field(min_length=1, description="a unified diff, or *** Begin Patch ... *** End Patch")


class RunCommand(Arguments):
    """Run a shell command in the worktree, sandboxed and without network. A pipe fails if any part of it fails."""

    command: str = Field(min_length=1)
    timeout_s: float = Field(default=120, gt=0, le=3600)

    @field_validator("command")
    @classmethod
    def _no_nul(cls, command: str) -> str:
        if "\0" in command:
            raise ValueError("a command cannot hold a NUL character")
        return command


class RunChecks(Arguments):
    """Run the task's checks and the project's; each has an exit code, failures with messages and an evidence id."""

    only: list[str] = Field(default_factory=list, description="numbers or parts of commands; left out: all")

    @field_validator("only", mode="before")
    @classmethod
    def _as_texts(cls, only: object) -> object:
        return [str(word) for word in only] if isinstance(only, list) else only


class ShowDiff(Arguments):
    """Show what this task has changed so far as a patch."""

    path: str | None = None


class GitLog(Arguments):
    """List commits, newest first."""

    path: str | None = None
    limit: int = Field(default=20, ge=1, le=500)


class GitBlame(Arguments):
    """Show which commit last changed each line of a file."""

    path: str
    start_line: int = Field(default=1, ge=1)
    end_line: int | None = None


class GitShow(Arguments):
    """Show a commit with its diff."""

    rev: str = Field(min_length=1, description="commit; or rev:path for a file or directory as of then")
    path: str | None = Field(default=None, description="only the diff of this")


class PostNote(Arguments):
    """Leave a short note on the board for the agents of other tasks."""

    text: str = Field(min_length=1)
    paths: list[str] = Field(default_factory=list)


class ReadBoard(Arguments):
    """Read the notes that agents of this run have left."""


class AskHuman(Arguments):
    """Ask the person who started the run. The task waits; use it only where a guess would be wrong."""

    question: str = Field(min_length=1)
    options: list[str] = Field(default_factory=list)


class RequestScope(Arguments):
    """Ask to write paths outside the task's scope."""

    paths: list[str] = Field(min_length=1)
    reason: str

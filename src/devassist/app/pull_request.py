"""Proposes a run's result as a pull request."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from textwrap import shorten

from devassist.app.reports import load_story, report_text, write
from devassist.app.runs.takeover import aftermath
from devassist.app.wiring.project import Project, require_result
from devassist.domain.errors import NotFound, Unfinished
from devassist.domain.events import PrOpened
from devassist.domain.ids import result_branch
from devassist.domain.markup import line
from devassist.engine.takeover.pull_request import Publication, Pull
from devassist.git.push import Remote, find_remote
from devassist.reports.story import Story

_LONGEST = 60_000
"""Characters of a pull request's text; GitHub takes 65,536."""
_TITLE = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The options of `pr`. Empty texts are filled in from the run."""

    base: str = ""
    remote: str = "origin"
    draft: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """
    The pull request that was opened, or with `dry_run` would be.

    `command` is the call of gh that opens it, `compare` the address that shows its changes, or empty if the remote has
    none. `url` is empty if no pull request was opened.
    """

    run: str
    branch: str
    commit: str
    base: str
    remote: str
    title: str
    command: str
    compare: str
    pushed: bool
    url: str


def propose(project: Project, run: str, wanted: Proposal, *, dry_run: bool) -> Proposed:
    """
    Push the result branch and open a pull request.

    Raises Unfinished if nothing landed or git or gh refuse, NotFound if there is no such remote.
    """
    story = load_story(project, run)
    state = story.state
    commit = require_result(project, state)
    if state.result_commit is None:
        raise Unfinished(f"nothing of {state.run} landed", hint=f"devassist show {state.run}")
    remote = _remote(project, wanted.remote)
    base = wanted.base or story.branch
    title = line(wanted.title) or shorten(line(state.goal), _TITLE, placeholder="…") or f"Run {state.run}"
    body = project.runs / state.run / "pull-request.md"
    branch = result_branch(state.run)
    words = ["pr", "create", f"--head={branch}", f"--title={title}", f"--body-file={body}"]
    words += [f"--base={base}"] if base else []
    words += ["--draft"] if wanted.draft else []
    url = ""
    if not dry_run:
        write(body, _body(story))
        known = next((step.act.url for step in reversed(story.taken) if isinstance(step.act, PrOpened)), "")
        pull = Pull(run=state.run, branch=branch, commit=commit, remote=remote, words=words, known=known)
        environment = project.host.environment
        with aftermath(project, state.run) as after:
            publication = Publication(
                repository=project.repository,
                recorder=after.recorder,
                environment=environment,
                find=lambda name: shutil.which(name, path=environment.get("PATH")),
            )
            url = publication.propose(pull)
    return Proposed(
        run=state.run,
        branch=branch,
        commit=commit,
        base=base,
        remote=remote.name,
        title=title,
        command=shlex.join(["gh", *words]),
        compare=f"{remote.web}/compare/{base}...{branch}?expand=1" if remote.web and base else "",
        pushed=not dry_run,
        url=url,
    )


def _remote(project: Project, name: str) -> Remote:
    remote = None if name.startswith("-") else find_remote(project.repository, name)
    if remote is None:
        raise NotFound(
            f"there is no remote {name!r}", hint=f"git remote add {name or 'origin'} URL, or --remote NAME"
        )
    return remote


def _body(story: Story) -> str:
    """The report, cut to the length that GitHub accepts."""
    text = report_text(story)
    if len(text) <= _LONGEST:
        return text
    beginning = text[:_LONGEST].rpartition("\n\n")[0]
    return f"{beginning}\n\nThe rest: `devassist report {story.state.run}`\n"

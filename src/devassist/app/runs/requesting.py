"""Builds the request of a run from the command line's options, the repository and the environment."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from devassist.app.runs.model_choice import choice_of, first_models, secrecy_of
from devassist.app.runs.model_notes import model_notes, require_prices
from devassist.app.runs.owner import this_process
from devassist.app.wiring.project import Project
from devassist.app.wiring.recording import secrets_of
from devassist.app.wiring.run_base import base_of, require_free_names
from devassist.domain.choice.models import priced, windows_of
from devassist.domain.choice.privacy import Secrecy
from devassist.domain.errors import UsageError
from devassist.domain.ids import base_ref, make_run_id
from devassist.domain.plan import Plan
from devassist.domain.roles import CrewSize, Role
from devassist.domain.secrets.redaction import Redactor
from devassist.domain.settings import ModelSettings
from devassist.domain.state.run import RunState
from devassist.engine.choice.agent_models import check_models
from devassist.engine.context import ModelChoice, RunRequest
from devassist.git.merging.program import find_git
from devassist.llm.models.routing import choose_model, is_scripted, models_for, resolved
from devassist.llm.scripted import load_script


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `devassist run`."""

    goal: str = ""
    plan: Plan | None = None
    plan_only: bool = False
    crew: CrewSize = CrewSize.AUTO
    base: str = ""
    include_dirty: bool = False
    record: Path | None = None
    replay: Path | None = None
    unsafe_no_sandbox: bool = False
    waits: bool = False
    """Whether a person is there to answer during the run."""
    detached: bool = False
    artifacts: Path | None = None
    """Directory for the files of a CI job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOptions:
    """The options of `devassist resume`. `model` says whether a model was named."""

    model: bool = False
    record: Path | None = None
    replay: Path | None = None
    unsafe_no_sandbox: bool = False
    waits: bool = False
    detached: bool = False
    artifacts: Path | None = None


def new_request(project: Project, options: RunOptions, run: str) -> RunRequest:
    """The request of a new run, with everything resolved to ids and values."""
    find_git(project.host.environment)  # before a model is paid for work that could not be landed
    repository, settings = project.repository, project.settings
    require_free_names(repository)
    base, warnings = base_of(project, options.base, include_dirty=options.include_dirty)
    script, source = "", ""
    models: dict[str, Sequence[str]] = {}
    chosen, choice = settings.model, choice_of(settings, project.host.environment)
    if options.replay is not None and not chosen.default:
        models = {str(role): ["replay/cassette"] for role in Role}
        source, choice = "cassette", ModelChoice(local=frozenset({"replay/cassette"}))
    elif choice.chosen:
        models = first_models(
            choice, {str(role): list(models_for(str(role), chosen)) for role in chosen.roles}
        )
        source = "[models]"
        named = {"": [*chosen.roles.values(), *chosen.fallbacks]}
        warnings += _about_models(project, chosen, _to_choose(choice) | named)
    else:
        default = choose_model(chosen, project.host.environment)
        chosen, source = resolved(chosen, default), default.source
        models = {str(role): list(models_for(str(role), chosen)) for role in Role}
        script = _script_of(chosen.default, project.host.directory)
    if not script and not choice.chosen and options.replay is None:
        warnings += _about_models(project, chosen, models)
    # A title stands in commits, a goal in pull requests.
    redactor = Redactor(secrets_of(project), settings.audit.redact)
    secrecy, notes = _secrecy(project, base, choice, models, options.plan)
    warnings += notes
    request = RunRequest(
        run=run,
        goal=redactor.text(options.goal),
        base=base,
        settings=settings,
        models=models,
        choice=choice,
        secrecy=secrecy,
        api_base=chosen.api_base,
        plan=_without_secrets(options.plan, redactor),
        plan_only=options.plan_only,
        crew=options.crew,
        prefix=repository.prefix.rstrip("/"),
        script=script,
        scripts=_scripts(choice, project.host.directory),
        replay=str(options.replay.resolve()) if options.replay is not None else "",
        secrets=tuple(sorted(secrets_of(project))),
        warnings=tuple(warnings),
        waits=options.waits,
        model_source=source,
        owner=this_process(detached=options.detached),
    )
    if options.plan is not None:
        check_models(request, options.plan)
    return request


def _without_secrets(plan: Plan | None, redactor: Redactor) -> Plan | None:
    return None if plan is None else msgspec.convert(redactor.value(msgspec.to_builtins(plan)), Plan)


def resumed_request(project: Project, state: RunState, options: ResumeOptions) -> RunRequest:
    """
    The request of a resumed run: its recorded settings with the overrides of this resume.

    `project` has the merged settings already. Raises UsageError if the run's log is of a version that recorded too
    little.
    """
    find_git(project.host.environment)
    started, settings = state.started, project.settings
    models: dict[str, Sequence[str]] = dict(started.models)
    script, api_base = started.script, started.api_base
    replay = str(options.replay.resolve()) if options.replay is not None else started.replay
    choice = choice_of(settings, project.host.environment)
    if choice.chosen and not replay:
        script = ""
    elif options.model or not models:
        chosen = resolved(settings.model, choose_model(settings.model, project.host.environment))
        models = {str(role): list(models_for(str(role), chosen)) for role in Role}
        script, api_base = _script_of(chosen.default, project.host.directory), chosen.api_base
    elif not script and not replay:
        script = _script_of(models[str(Role.CODER)][0], project.host.directory)
    if not script and not replay:
        _about_models(project, replace(settings.model, api_base=api_base), models)
    base = project.repository.ref_tip(base_ref(state.run)) or state.base
    if replay:
        choice = ModelChoice(local=frozenset(model for chain in models.values() for model in chain))
    return RunRequest(
        run=state.run,
        goal=state.goal,
        base=base,
        settings=settings,
        models=models,
        choice=choice,
        secrecy=_secrecy(project, base, choice, models, state.plan)[0],
        api_base=api_base,
        plan=started.plan,
        plan_only=started.plan_only,
        crew=started.crew,
        prefix=started.prefix,
        script=script,
        scripts=_scripts(choice, project.host.directory),
        replay=replay,
        secrets=tuple(sorted(secrets_of(project))),
        resumed=True,
        waits=options.waits,
        spent_s=sum(session.seconds for session in state.sessions),
        owner=this_process(detached=options.detached),
    )


def _to_choose(choice: ModelChoice) -> dict[str, Sequence[str]]:
    """The real models among those to choose from."""
    return {one.name: [one.model] for one in choice.candidates if not is_scripted(one.model)}


def _scripts(choice: ModelChoice, directory: Path) -> dict[str, str]:
    models = [candidate.model for candidate in choice.candidates if choice.chosen]
    return {model: _script_of(model, directory) for model in models if is_scripted(model)}


def _secrecy(
    project: Project, base: str, choice: ModelChoice, models: Mapping[str, Sequence[str]], plan: Plan | None
) -> tuple[Secrecy, list[str]]:
    """What is hidden from the run's models, and warnings about patterns that hide nothing."""
    secrecy = secrecy_of(project, base, choice, models, plan)
    unused = secrecy.paths.matching_nothing(secrecy.files)
    return secrecy, [f"[privacy] paths: {pattern!r} matches no file of the base" for pattern in unused]


def _about_models(
    project: Project, settings: ModelSettings, models: Mapping[str, Sequence[str]]
) -> list[str]:
    """Notes on the models. Raises UsageError if a limit in US dollars was asked for that could not be kept."""
    wanted = list(dict.fromkeys(model for chain in models.values() for model in chain))
    env, settings = project.host.environment, priced(settings, project.settings.models)
    if project.loaded.origins.get("limits.max_usd") and project.settings.limits.max_usd > 0:
        require_prices(settings, wanted, env)
    return model_notes(settings, wanted, env, windows_of(project.settings.models))


def _script_of(model: str, directory: Path) -> str:
    """The path of a scripted model, empty for a real one. `scripted/demo` is shipped; any other name is a file."""
    if not is_scripted(model):
        return ""
    name = model.partition("/")[2]
    shipped = Path(__file__).parent.parent / "demo" / f"{name}.yaml"
    path = shipped if shipped.is_file() else (directory / name).resolve()
    if not path.is_file():
        raise UsageError(
            f"there is no script {name!r}", hint="scripted/demo is shipped; otherwise name a file"
        )
    load_script(path)
    return str(path)


def fresh_run_id() -> str:
    """A random run id; nothing else in devassist is random."""
    return make_run_id(secrets.randbelow)


def plain_request(project: Project, run: str, *, goal: str, base: str = "") -> RunRequest:
    """A request without models, for commands that need the environment of a run and no agent."""
    return RunRequest(
        run=run,
        goal=goal,
        base=base,
        settings=project.settings,
        models={},
        prefix=project.repository.prefix.rstrip("/"),
        secrets=tuple(sorted(secrets_of(project))),
    )

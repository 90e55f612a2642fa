"""What is asked of a model beside its prompt: the parameters of all roles, with those of one role over them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields

from devassist.domain.errors import ModelError
from devassist.domain.roles import Role
from devassist.domain.settings import ModelParams, ModelSettings

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")


def params_for(role: str, settings: ModelSettings) -> ModelParams:
    """The parameters of calls by one role; `role` is empty for a call that no agent makes."""
    own = settings.role_params.get(Role(role)) if role in list(Role) else None
    if own is None:
        return settings.params
    common = settings.params
    pairs = {
        field.name: (getattr(own, field.name), getattr(common, field.name)) for field in fields(ModelParams)
    }
    merged = {name: usual if value is None else value for name, (value, usual) in pairs.items()}
    return ModelParams(**{**merged, "extra_headers": {**common.extra_headers, **own.extra_headers}})


def window_for(model: str, settings: ModelSettings) -> int:
    """The window that the person set for a model; 0 if none."""
    by_role = [
        params.context_window or 0
        for role, params in settings.role_params.items()
        if (settings.roles.get(role) or settings.default) == model
    ]
    return max(by_role, default=0) or settings.params.context_window or 0


def arguments_of(params: ModelParams, env: Mapping[str, str]) -> dict[str, object]:
    """
    litellm's arguments for the parameters, but for the length of a reply.

    Raises ModelError if a header names an environment variable that is not set.
    """
    set_here = {name: getattr(params, name) for name in ("temperature", "top_p", "reasoning_effort", "seed")}
    arguments = {name: value for name, value in set_here.items() if value is not None}
    headers = {name: _filled(name, value, env) for name, value in params.extra_headers.items()}
    return arguments | ({"extra_headers": headers} if headers else {})


def variables_of(params: ModelParams) -> list[str]:
    """The environment variables that the headers name."""
    return [
        braced or plain
        for value in params.extra_headers.values()
        for braced, plain in _VARIABLE.findall(value)
    ]


def _filled(name: str, value: str, env: Mapping[str, str]) -> str:
    def variable(match: re.Match[str]) -> str:
        wanted = match.group(1) or match.group(2)
        if not env.get(wanted, "").strip():
            raise ModelError(
                f"the header {name} needs the environment variable {wanted}, which is not set",
                kind="config",
                hint=f"set {wanted}, or correct extra_headers under [model.params]",
            )
        return env[wanted].strip()

    return _VARIABLE.sub(variable, value)

"""Chooses the model: the configured one, else by a key in the environment, else on a model server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import urlsplit

from devassist.domain.errors import ModelError
from devassist.domain.roles import Role
from devassist.domain.settings import ModelSettings
from devassist.llm.models.lookup import Lookup
from devassist.llm.models.providers import DEFAULTS, find_key, openai_base

Probe = Callable[[str], list[str]]
"""Fetches the names at a model list's URL; empty if nobody answers."""

SCRIPTED = "scripted/"
# Listed beside chat models by Ollama and LM Studio, and unable to chat.
_NOT_CHAT = ("embed", "rerank", "whisper", "bge-", "tts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The model, its server's URL (empty: litellm knows it), and the source of the choice."""

    model: str
    api_base: str = ""
    source: str = ""


class _Server(NamedTuple):
    name: str
    listing: str
    prefix: str
    api_base: str


LOCAL_SERVERS = (
    _Server("Ollama", "http://127.0.0.1:11434/api/tags", "ollama_chat/", "http://127.0.0.1:11434"),
    _Server("LM Studio", "http://127.0.0.1:1234/v1/models", "lm_studio/", "http://127.0.0.1:1234/v1"),
    _Server("llama.cpp", "http://127.0.0.1:8080/v1/models", "openai/", "http://127.0.0.1:8080/v1"),
)


def choose_model(settings: ModelSettings, env: Mapping[str, str], probe: Probe | None = None) -> Choice:
    """
    The default model. Raises ModelError of kind config, naming all three ways, when there is none.

    `probe` defaults to a GET with a short timeout and without proxies.
    """
    if settings.default:
        return Choice(model=settings.default, api_base=settings.api_base, source="configuration")
    ask = probe or _probe_with(env)
    choice = _from_environment(settings, env, ask) or _from_loopback(ask)
    if choice is None:
        raise no_model()
    return choice


def resolved(settings: ModelSettings, choice: Choice) -> ModelSettings:
    """The settings with the choice filled in, for the run to record and use."""
    return replace(settings, default=choice.model, api_base=settings.api_base or choice.api_base)


def model_for(role: str, settings: ModelSettings) -> str:
    """The model string of one role."""
    return settings.roles.get(Role(role)) or settings.default


def models_for(role: str, settings: ModelSettings) -> tuple[str, ...]:
    """The role's model, then the fallbacks, each once."""
    return tuple(dict.fromkeys(model for model in (model_for(role, settings), *settings.fallbacks) if model))


def is_scripted(model: str) -> bool:
    """Whether the model is a script file, which needs neither key nor network."""
    return model.startswith(SCRIPTED)


def no_model() -> ModelError:
    """The error if there is no model; its hint names all three ways to one."""
    keys = ", ".join(default.variable for default in DEFAULTS)
    servers = ", ".join(f"{server.name} ({urlsplit(server.api_base).port})" for server in LOCAL_SERVERS)
    return ModelError(
        "there is no model: none is configured, no key is in the environment, no server runs on this machine",
        kind="config",
        hint=(
            "one of these is enough\n"
            "  --model PROVIDER/NAME, or devassist config set model.default PROVIDER/NAME (in .devassist.toml)\n"
            f"  a key in the environment: {keys}\n"
            "  OPENAI_API_BASE, for a server that speaks OpenAI's protocol\n"
            f"  a server on this machine: {servers}"
        ),
    )


def _from_environment(settings: ModelSettings, env: Mapping[str, str], ask: Probe) -> Choice | None:
    for default in DEFAULTS:
        if not env.get(default.variable, "").strip():
            continue
        if default.variable == "OPENAI_API_KEY" and (openai_base(env) or settings.api_base):
            # The key may be for the person's own server, which does not have OpenAI's models.
            return _served(settings, env, ask, fallback=default.model)
        return Choice(model=default.model, api_base=settings.api_base, source=default.variable)
    return _served(settings, env, ask) if openai_base(env) or settings.api_base else None


def _served(settings: ModelSettings, env: Mapping[str, str], ask: Probe, fallback: str = "") -> Choice | None:
    base = settings.api_base.rstrip("/") or openai_base(env)
    names = _chat_models(ask(f"{base}/models"))
    wanted = fallback.removeprefix("openai/")
    name = wanted if wanted in names else next(iter(names), wanted)
    source = "api_base" if settings.api_base else "OPENAI_API_BASE"
    return Choice(model=f"openai/{name}", api_base=base, source=source) if name else None


def _from_loopback(ask: Probe) -> Choice | None:
    for server in LOCAL_SERVERS:
        for name in _chat_models(ask(server.listing)):
            return Choice(model=server.prefix + name, api_base=server.api_base, source=server.name)
    return None


def _chat_models(names: list[str]) -> list[str]:
    return [name for name in names if not any(part in name.lower() for part in _NOT_CHAT)]


def _probe_with(env: Mapping[str, str]) -> Probe:
    """The real probe; it sends the OpenAI key to the configured OpenAI server only."""
    key, base = find_key("openai", env), openai_base(env)

    def probe(url: str) -> list[str]:
        return fetch_names(url, key=key if base and url.startswith(f"{base}/") else "")

    return probe


def fetch_names(url: str, *, key: str = "") -> list[str]:
    """The model names a server lists, in its order; empty for any answer that is not a list of models."""
    return _names_in(Lookup(key)(url))


def _names_in(listing: object) -> list[str]:
    """OpenAI lists `data[].id`, Ollama `models[].name`."""
    if not isinstance(listing, Mapping):
        return []
    rows = listing.get("data") if isinstance(listing.get("data"), list) else listing.get("models")
    names = (
        [row.get("id") or row.get("name") for row in rows if isinstance(row, dict)]
        if isinstance(rows, list)
        else []
    )
    return [name for name in names if isinstance(name, str) and name]

"""Which environment variable holds the key of which provider, and the default model of each."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

OPENAI_BASES = ("OPENAI_API_BASE", "OPENAI_BASE_URL")

_BASES = {
    "hosted_vllm": "HOSTED_VLLM_API_BASE",
    "lm_studio": "LM_STUDIO_API_BASE",
    "llamafile": "LLAMAFILE_API_BASE",
    "litellm_proxy": "LITELLM_PROXY_API_BASE",
    "ollama": "OLLAMA_API_BASE",
    "ollama_chat": "OLLAMA_API_BASE",
}
"""The variables in which litellm looks for people's own servers, by provider."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "openai": ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "openrouter": ("OPENROUTER_API_KEY", "OR_API_KEY"),
    "mistral": ("MISTRAL_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "xai": ("XAI_API_KEY",),
}
"""The variables litellm reads for a provider, the usual one first."""


_AWS = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in the environment"
_GOOGLE = "run 'gcloud auth application-default login', or set GOOGLE_APPLICATION_CREDENTIALS"
_CREDENTIALS: Mapping[str, str] = {
    "azure": "set AZURE_API_KEY, AZURE_API_BASE and AZURE_API_VERSION in the environment",
    "bedrock": _AWS,
    "bedrock_converse": _AWS,
    "sagemaker": _AWS,
    "vertex_ai": _GOOGLE,
}
"""How providers are told who asks that have more, or other, than one key."""


class Default(NamedTuple):
    """The model taken when only this variable is set."""

    variable: str
    model: str


DEFAULTS = (
    Default("ANTHROPIC_API_KEY", "anthropic/claude-sonnet-5"),
    Default("OPENAI_API_KEY", "openai/gpt-5.2"),
    Default("GEMINI_API_KEY", "gemini/gemini-3.7-flash"),
    Default("OPENROUTER_API_KEY", "openrouter/anthropic/claude-sonnet-4.6"),
    Default("MISTRAL_API_KEY", "mistral/mistral-medium-latest"),
    Default("GROQ_API_KEY", "groq/openai/gpt-oss-120b"),
    Default("DEEPSEEK_API_KEY", "deepseek/deepseek-chat"),
    Default("XAI_API_KEY", "xai/grok-4.3"),
)
"""In the order they are tried. All call tools; a test looks each up in litellm's bundled table."""


def provider_of(model: str) -> str:
    """The provider a model string names; `openai` and `anthropic` also own their bare names."""
    prefix, slash, _ = model.partition("/")
    if slash:
        return prefix
    if model.startswith("claude"):
        return "anthropic"
    return "openai" if model.startswith(("gpt-", "o1", "o3", "o4", "chatgpt")) else ""


def key_variable(provider: str) -> str:
    """The name of the variable a person would set."""
    names = KEYS.get(provider)
    return names[0] if names else f"{provider.upper().replace('-', '_')}_API_KEY"


def credentials_hint(provider: str) -> str:
    """How a person tells this provider who they are."""
    variable = key_variable(provider) if provider else "the provider's key"
    return _CREDENTIALS.get(provider, f"set {variable} in the environment to a key that may use this model")


def server_hint(provider: str) -> str:
    """How a person's own server of this kind is reached; empty for a provider's own."""
    name = _BASES.get(provider, "")
    return f"start the server, or name its address in {name}" if name else ""


def find_key(provider: str, env: Mapping[str, str]) -> str:
    """The provider's key in `env`, or empty."""
    names = KEYS.get(provider, (key_variable(provider),))
    return next((env[name].strip() for name in names if env.get(name, "").strip()), "")


def openai_base(env: Mapping[str, str]) -> str:
    """Where `openai/` models are served by the person's own choice, or empty."""
    return next((env[name].strip().rstrip("/") for name in OPENAI_BASES if env.get(name, "").strip()), "")


def server_of(model: str, api_base: str, env: Mapping[str, str]) -> str:
    """The URL of the server that the person chose for a model; empty for the provider's own."""
    provider = provider_of(model)
    if api_base or provider == "openai":
        return api_base or openai_base(env)
    name = _BASES.get(provider, "")
    return env.get(name, "").strip().rstrip("/") if name else ""


def is_loopback(url: str) -> bool:
    """Whether `url` points at this machine."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""How many tokens a model takes: as the person set it, as its server says, or by litellm's table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from devassist.domain.events import JsonObject
from devassist.llm.models.catalogue import find_entry
from devassist.llm.models.lookup import Lookup
from devassist.llm.models.providers import is_loopback, provider_of
from devassist.llm.models.tokens import count

ASSUMED = 32_000
"""Of a model on somebody's own server. Too small a window costs old results of tools; too large a one, the task."""
ASSUMED_HOSTED = 128_000
"""Of a provider's model that is newer than litellm's table."""
MOST_ASKED_OF_OLLAMA = 32_768
"""Tokens. Ollama reserves memory for the whole window; more is for the person to ask for."""
SHORT_UNLESS_ASKED = frozenset({"anthropic", "bedrock", "vertex_ai", "azure_ai", "gemini", "deepseek"})
_LONGEST_UNKNOWN = {"anthropic": 32_000}
"""Of a model that is newer than litellm's table; Anthropic insists on a number."""
_SHORTEST_REPLY = 1_024
OLLAMA = frozenset({"ollama", "ollama_chat"})
_ANYBODYS_SERVER = OLLAMA | {
    "openai",
    "hosted_vllm",
    "lm_studio",
    "llamafile",
    "openai_like",
    "litellm_proxy",
}
_OLLAMAS_OWN = 4_096
"""Tokens that Ollama takes where it is not asked for more; it cuts what is over them without a word."""
_OLLAMA_BASE = "http://127.0.0.1:11434"

Ask = Callable[[str, JsonObject | None], JsonObject]
"""Fetches the JSON object at a URL; empty if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The tokens of prompt and reply together; `known` is False if they are assumed."""

    tokens: int
    known: bool = True


@dataclass
class Windows:
    """The windows of models, each looked up once."""

    base_of: Callable[[str], str]
    """The URL of the server that the person chose for a model; empty for the provider's own."""
    key_of: Callable[[str], str] = lambda _model: ""
    """The key that its server wants."""
    chosen: Callable[[str], int] = lambda _model: 0
    """The window that the person set for a model; 0 if none."""
    ask: Ask | None = None
    _looked_up: dict[str, Window] = field(default_factory=dict)

    def of(self, model: str) -> Window:
        if model not in self._looked_up:
            self._looked_up[model] = self._find(model)
        return self._looked_up[model]

    def _find(self, model: str) -> Window:
        if tokens := self.chosen(model):
            return Window(tokens=tokens)
        own = provider_of(model) in _ANYBODYS_SERVER
        base = self.base_of(model) or (_OLLAMA_BASE if provider_of(model) in OLLAMA else "") if own else ""
        if base and (tokens := self._served(model, base.rstrip("/"))):
            return Window(tokens=tokens)
        entry = find_entry(model)
        if entry is not None and entry.max_input_tokens:
            return Window(tokens=entry.max_input_tokens)
        return Window(tokens=ASSUMED if base else ASSUMED_HOSTED, known=False)

    def _served(self, model: str, base: str) -> int:
        """The window by the model's server; 0 if it does not tell."""
        ask: Ask = self.ask or Lookup(self.key_of(model))
        name = model.partition("/")[2]
        if provider_of(model) in OLLAMA:
            return ollama_window(ask(f"{base.removesuffix('/v1')}/api/show", {"model": name}))
        root = base.removesuffix("/v1")
        row = _row(ask(f"{base}/models", None), name)
        if tokens := _first(
            row, "max_model_len", "loaded_context_length", "context_window", "context_length"
        ):
            return tokens
        if not is_loopback(base):
            return 0
        settings = ask(f"{root}/props", None).get("default_generation_settings")
        if isinstance(settings, Mapping) and (tokens := count(settings.get("n_ctx"))):
            return tokens
        row = _row(ask(f"{root}/api/v0/models", None), name)
        if tokens := _first(row, "loaded_context_length", "max_context_length"):
            return tokens
        if not ask(f"{root}/api/version", None).get("version"):
            return 0
        return _unasked_of_ollama(ask(f"{root}/api/show", {"model": name}), ask(f"{root}/api/ps", None), name)


def longest_reply(model: str, window_of: Callable[[str], Window], *, prompt: int) -> int:
    """
    The tokens to allow for a reply to a prompt of about `prompt` tokens; 0 leaves it to the provider.

    Most allow what the model can do. Where they allow little unless asked, it is asked for as far as the window goes.
    Others count what is asked for against limits per minute, whether it is used or not, and are not asked.
    """
    if provider_of(model) not in SHORT_UNLESS_ASKED:
        return 0
    entry = find_entry(model)
    longest = (entry.max_output_tokens if entry is not None else 0) or _LONGEST_UNKNOWN.get(
        provider_of(model), 0
    )
    return max(min(longest, window_of(model).tokens - prompt), min(longest, _SHORTEST_REPLY))


def ollama_window(shown: JsonObject) -> int:
    """The window to ask Ollama for, by what `/api/show` says of a model: its Modelfile's, else the model's own."""
    if tokens := _num_ctx(shown):
        return tokens
    facts = shown.get("model_info")
    lengths = [count(value) for name, value in _items(facts) if name.endswith(".context_length")]
    return min(max(lengths, default=0), MOST_ASKED_OF_OLLAMA)


def _unasked_of_ollama(shown: JsonObject, running: JsonObject, name: str) -> int:
    """The window of a model behind Ollama's OpenAI endpoint, which cannot be asked for another."""
    rows = running.get("models")
    loaded = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    own = [
        row
        for row in loaded
        if name in (row.get("name"), row.get("model"), str(row.get("name")).removesuffix(":latest"))
    ]
    return _num_ctx(shown) or _first(own[0] if own else {}, "context_length") or _OLLAMAS_OWN


def _num_ctx(shown: JsonObject) -> int:
    """The window that the model's Modelfile sets; 0 if it sets none."""
    chosen = re.search(r"^num_ctx\s+(\d+)\s*$", str(shown.get("parameters") or ""), re.MULTILINE)
    return int(chosen.group(1)) if chosen else 0


def _items(facts: object) -> Iterator[tuple[str, object]]:
    return ((str(name), value) for name, value in facts.items()) if isinstance(facts, Mapping) else iter(())


def _row(listing: JsonObject, name: str) -> JsonObject:
    """What a server lists of a model; of its only one, if the server calls it by another name."""
    rows = listing.get("data")
    models = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    own = [row for row in models if row.get("id") == name]
    return own[0] if own else models[0] if len(models) == 1 else {}


def _first(row: JsonObject, *names: str) -> int:
    return next((tokens for name in names if (tokens := count(row.get(name)))), 0)

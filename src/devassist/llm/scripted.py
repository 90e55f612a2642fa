"""A model that plays a YAML script: for tests and the demo, without key or network."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from devassist.assignments import CallAddress
from devassist.domain.errors import ConfigError, ModelError
from devassist.domain.events import JsonObject
from devassist.ports import ModelReply, ModelRequest, ToolCall

EVIDENCE = re.compile(r"^evidence: ([A-Za-z0-9_-]+)$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{\{\s*evidence(?::\s*(-\d+))?\s*\}\}")
_STEP_KEYS = frozenset({"say", "tools", "sleep_s", "error"})
_SCRIPT_KEYS = frozenset({"model", "usd_per_call", "agents"})
_ERROR_KEYS = frozenset({"kind", "message", "retryable", "retry_after_s", "times"})
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedError:
    """The ModelError that a step raises `times` times, or always if that is None."""

    kind: str = "server"
    message: str = "scripted error"
    retryable: bool = False
    retry_after_s: float | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedCall:
    """A tool call of a step; a text as `arguments` is sent as it is, so that a script can also send bad JSON."""

    name: str
    arguments: JsonObject | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One turn of an agent: it waits, fails if it should, then says something and calls tools."""

    say: str = ""
    calls: tuple[ScriptedCall, ...] = ()
    sleep_s: float = 0.0
    error: ScriptedError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """
    The steps of each agent, turn by turn.

    `agents` maps `<task>/<role>` to the steps of every round, or to steps by round number.
    """

    model: str = "scripted/model"
    usd_per_call: float = 0.0
    agents: Mapping[str, Sequence[Step] | Mapping[int, Sequence[Step]]] = field(default_factory=dict)

    def find_step(self, address: CallAddress) -> Step | None:
        rounds = self.agents.get(f"{address.task}/{address.role}", ())
        steps = rounds.get(address.round, ()) if isinstance(rounds, Mapping) else rounds
        return steps[address.turn - 1] if 0 < address.turn <= len(steps) else None


class ScriptedClient:
    """The ModelClient that plays a Script. Which step comes is decided by the request's address alone."""

    def __init__(self, script: Script | JsonObject, *, sleep: Callable[[float], object] = time.sleep) -> None:
        self.script = script if isinstance(script, Script) else script_from(script)
        self._sleep = sleep
        self._failed: dict[CallAddress, int] = {}
        self._lock = threading.Lock()  # guards the count of failures

    def attempt(self, request: ModelRequest) -> ModelReply:
        """Play the step at the request's address. Raises ModelError if there is none, or the step says so."""
        address = request.address
        step = self.script.find_step(address)
        if step is None:
            raise ModelError(
                f"the script {self.script.model} has no step at {address} (task/role/round/turn)",
                kind="config",
                hint=f"script turn {address.turn}, round {address.round} of '{address.task}/{address.role}'",
            )
        if step.sleep_s:
            self._sleep(step.sleep_s)
        if step.error is not None:
            self._fail(step.error, address)
        return self._reply(step, request)

    def _fail(self, error: ScriptedError, address: CallAddress) -> None:
        """Raise the error of the step at `address`, unless it was raised `times` times already."""
        with self._lock:
            failures = self._failed.get(address, 0)
            self._failed[address] = failures + 1
        if error.times is not None and error.times <= failures:
            return
        raise ModelError(
            error.message, kind=error.kind, retryable=error.retryable, retry_after_s=error.retry_after_s
        )

    def _reply(self, step: Step, request: ModelRequest) -> ModelReply:
        evidence = evidence_in(request.messages)
        stem = re.sub(r"[^A-Za-z0-9_-]", "_", str(request.address))
        calls = tuple(
            ToolCall(
                id=f"call_{stem}_{number}",
                name=call.name,
                arguments=_arguments(call.arguments, evidence, request.address),
            )
            for number, call in enumerate(step.calls)
        )
        asked = json.dumps([list(request.messages), list(request.tools)], default=str)
        return ModelReply(
            content=step.say,
            tool_calls=calls,
            finish_reason="tool_calls" if calls else "stop",
            model=self.script.model,
            response_id=f"scripted-{stem}",
            input_tokens=len(asked) // _CHARACTERS_PER_TOKEN + 1,
            output_tokens=(len(step.say) + sum(len(call.arguments) for call in calls))
            // _CHARACTERS_PER_TOKEN
            + 1,
            usd=self.script.usd_per_call,
        )


def evidence_in(messages: Sequence[JsonObject]) -> list[str]:
    """The evidence ids in the results of tools, oldest first."""
    texts = (str(message.get("content") or "") for message in messages if message.get("role") == "tool")
    return [evidence for text in texts for evidence in EVIDENCE.findall(text)]


def load_script(path: Path) -> Script:
    """Read a script file. Raises ConfigError that names the file and the place."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"script {path} cannot be read: {error}", hint="name a readable YAML file"
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"script {path} is not YAML: {error}", hint="correct the file") from error
    return script_from(data, where=str(path))


def script_from(data: object, *, where: str = "script") -> Script:
    """The script in `data`. Raises ConfigError that names the place if its shape is wrong."""
    script = _mapping(data, where, "is not a mapping with the key 'agents'", _SCRIPT_KEYS)
    price = _number(script.get("usd_per_call", 0.0), f"{where}: usd_per_call", "a number of at least 0")
    _check(price >= 0, f"{where}: usd_per_call", "is not a number of at least 0")
    place = f"{where}: agents"
    agents = _mapping(script.get("agents", {}), place, "is not a mapping from <task>/<role> to steps")
    return Script(
        model=str(script.get("model", "scripted/model")),
        usd_per_call=price,
        agents={str(agent): _rounds(rounds, f"{place}.'{agent}'") for agent, rounds in agents.items()},
    )


def _rounds(rounds: object, where: str) -> Sequence[Step] | Mapping[int, Sequence[Step]]:
    if not isinstance(rounds, Mapping):
        return _steps(rounds, where)
    by_round: dict[int, Sequence[Step]] = {}
    for number, steps in rounds.items():
        _check(isinstance(number, int), f"{where}.{number}", "is not keyed by round numbers")
        by_round[number] = _steps(steps, f"{where}.{number}")
    return by_round


def _steps(steps: object, where: str) -> Sequence[Step]:
    items = _list(steps, where, "is not a list of steps")
    return [_step(step, f"{where}, turn {turn}") for turn, step in enumerate(items, start=1)]


def _step(data: object, where: str) -> Step:
    step = _mapping(data, where, "is not a mapping", _STEP_KEYS)
    _check(bool(step.keys() & {"say", "tools", "error"}), where, "has neither say, tools nor error")
    tools = _list(step.get("tools") or [], f"{where}, tools", "is not a list of {name: arguments}")
    return Step(
        say=str(step.get("say") or ""),
        calls=tuple(call for tool in tools for call in _calls(tool, where)),
        sleep_s=_number(step.get("sleep_s", 0), f"{where}, sleep_s"),
        error=_error(step["error"], f"{where}, error") if "error" in step else None,
    )


def _calls(tool: object, where: str) -> Iterator[ScriptedCall]:
    calls = _mapping(tool, f"{where}, tools", "holds something that is not {name: arguments}")
    for name, arguments in calls.items():
        if isinstance(arguments, str):
            yield ScriptedCall(name=str(name), arguments=arguments)
        elif arguments is None:
            yield ScriptedCall(name=str(name), arguments={})
        else:
            place, fault = f"{where}, tool {name}", "has no mapping of arguments"
            yield ScriptedCall(name=str(name), arguments=_mapping(arguments, place, fault))


def _error(data: object, where: str) -> ScriptedError:
    error = _mapping(data, where, "is not a mapping", _ERROR_KEYS)
    times, wait = error.get("times"), error.get("retry_after_s")
    return ScriptedError(
        kind=str(error.get("kind", "server")),
        message=str(error.get("message", "scripted error")),
        retryable=bool(error.get("retryable", False)),
        retry_after_s=None if wait is None else _number(wait, f"{where}, retry_after_s"),
        times=None if times is None else int(_number(times, f"{where}, times")),
    )


def _mapping(data: object, where: str, fault: str, keys: frozenset[str] | None = None) -> JsonObject:
    """`data` if it is a mapping, and none of its keys is unknown. Raises ConfigError that says `fault` otherwise."""
    if not isinstance(data, Mapping):
        raise _wrong(where, fault)
    unknown = sorted(str(key) for key in data if keys is not None and key not in keys)
    if keys is not None and unknown:
        hint = f"known keys: {', '.join(sorted(keys))}"
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}", hint=hint)
    return data


def _list(data: object, where: str, fault: str) -> Sequence[object]:
    if not isinstance(data, list):
        raise _wrong(where, fault)
    return data


def _number(data: object, where: str, what: str = "a number") -> float:
    if not isinstance(data, int | float):
        raise _wrong(where, f"is not {what}")
    return float(data)


def _check(good: bool, where: str, fault: str) -> None:  # noqa: FBT001 - an assertion reads best so
    if not good:
        raise _wrong(where, fault)


def _wrong(where: str, fault: str) -> ConfigError:
    return ConfigError(f"{where} {fault}", hint="see the demo's script for the shape")


def _arguments(arguments: JsonObject | str, evidence: Sequence[str], address: CallAddress) -> str:
    """The JSON text of a call's arguments, with evidence ids for their placeholders."""
    filled = _filled(arguments, evidence, address)
    return filled if isinstance(filled, str) else json.dumps(filled, ensure_ascii=False, default=str)


def _filled(value: object, evidence: Sequence[str], address: CallAddress) -> object:
    if isinstance(value, Mapping):
        return {str(key): _filled(inner, evidence, address) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, evidence, address) for inner in value]
    if not isinstance(value, str):
        return value

    def cited(match: re.Match[str]) -> str:
        back = -int(match.group(1) or -1)
        if not 0 < back <= len(evidence):
            raise ModelError(
                f"the script wants {match.group(0)} at {address}; the tools gave {len(evidence)} evidence ids",
                kind="config",
                hint="script a tool call before the claim that cites it",
            )
        return evidence[-back]

    return _PLACEHOLDER.sub(cited, value)

"""A model that says what a YAML file tells it to: for tests and the demo, without key or network."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from devassist.assignments import CallAddress
from devassist.domain.errors import ConfigError, ModelError
from devassist.ports import ModelReply, ModelRequest, ToolCall

Step = Mapping[str, Any]

EVIDENCE = re.compile(r"^evidence: ([A-Za-z0-9_-]+)$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{\{\s*evidence(?::\s*(-\d+))?\s*\}\}")
_STEP_KEYS = frozenset({"say", "tools", "sleep_s", "error"})
_SCRIPT_KEYS = frozenset({"model", "usd_per_call", "agents"})
_ERROR_KEYS = frozenset({"kind", "message", "retryable", "retry_after_s", "times"})
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """
    What each agent does, turn by turn.

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

    def __init__(
        self, script: Script | Mapping[str, Any], *, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self.script = script if isinstance(script, Script) else script_from(script)
        self._sleep = sleep
        self._failed: dict[CallAddress, int] = {}
        self._lock = threading.Lock()  # guards the count of failures

    def attempt(self, request: ModelRequest) -> ModelReply:
        """Play the step at the request's address. Raises ModelError where there is none, or it wants one."""
        address = request.address
        step = self.script.find_step(address)
        if step is None:
            raise ModelError(
                f"the script {self.script.model} has no step at {address} (task/role/round/turn)",
                kind="config",
                hint=f"script turn {address.turn}, round {address.round} of '{address.task}/{address.role}'",
            )
        if step.get("sleep_s"):
            self._sleep(float(step["sleep_s"]))
        self._fail_if_told(step, address)
        return self._reply(step, request)

    def _fail_if_told(self, step: Step, address: CallAddress) -> None:
        told = step.get("error")
        if told is None:
            return
        with self._lock:
            failures = self._failed.get(address, 0)
            self._failed[address] = failures + 1
        times = told.get("times")
        if times is not None and times <= failures:
            return
        raise ModelError(
            str(told.get("message", "scripted error")),
            kind=str(told.get("kind", "server")),
            retryable=bool(told.get("retryable", False)),
            retry_after_s=told.get("retry_after_s"),
        )

    def _reply(self, step: Step, request: ModelRequest) -> ModelReply:
        found = evidence_in(request.messages)
        stem = re.sub(r"[^A-Za-z0-9_-]", "_", str(request.address))
        calls = tuple(
            ToolCall(
                id=f"call_{stem}_{number}", name=name, arguments=_arguments(given, found, request.address)
            )
            for number, (name, given) in enumerate(
                item for call in step.get("tools") or () for item in call.items()
            )
        )
        say = str(step.get("say") or "")
        asked = json.dumps([list(request.messages), list(request.tools)], default=str)
        return ModelReply(
            content=say,
            tool_calls=calls,
            finish_reason="tool_calls" if calls else "stop",
            model=self.script.model,
            response_id=f"scripted-{stem}",
            input_tokens=len(asked) // _CHARACTERS_PER_TOKEN + 1,
            output_tokens=(len(say) + sum(len(call.arguments) for call in calls)) // _CHARACTERS_PER_TOKEN
            + 1,
            usd=self.script.usd_per_call,
        )


def evidence_in(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """The evidence ids that tools have given, oldest first."""
    texts = (str(message.get("content") or "") for message in messages if message.get("role") == "tool")
    return [found for text in texts for found in EVIDENCE.findall(text)]


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


def script_from(data: Any, *, where: str = "script") -> Script:
    """Check the shape once, here, so that playing never meets a surprise."""
    _check(isinstance(data, Mapping), where, "is not a mapping with the key 'agents'")
    _known(data, _SCRIPT_KEYS, where)
    agents = data.get("agents", {})
    _check(isinstance(agents, Mapping), f"{where}: agents", "is not a mapping from <task>/<role> to steps")
    for agent, rounds in agents.items():
        place = f"{where}: agents.'{agent}'"
        by_round = rounds if isinstance(rounds, Mapping) else {None: rounds}
        for number, steps in by_round.items():
            at = place if number is None else f"{place}.{number}"
            _check(number is None or isinstance(number, int), at, "is not keyed by round numbers")
            _check(isinstance(steps, list), at, "is not a list of steps")
            for turn, step in enumerate(steps, start=1):
                _check_step(step, f"{at}, turn {turn}")
    price = data.get("usd_per_call", 0.0)
    _check(
        isinstance(price, int | float) and price >= 0,
        f"{where}: usd_per_call",
        "is not a number of at least 0",
    )
    return Script(model=str(data.get("model", "scripted/model")), usd_per_call=float(price), agents=agents)


def _check_step(step: Any, where: str) -> None:
    _check(isinstance(step, Mapping), where, "is not a mapping")
    _known(step, _STEP_KEYS, where)
    _check(bool(step.keys() & {"say", "tools", "error"}), where, "has neither say, tools nor error")
    tools = step.get("tools") or []
    _check(isinstance(tools, list), f"{where}, tools", "is not a list of {name: arguments}")
    for call in tools:
        _check(isinstance(call, Mapping), f"{where}, tools", "holds something that is not {name: arguments}")
        for name, given in call.items():
            _check(
                given is None or isinstance(given, Mapping | str),
                f"{where}, tool {name}",
                "has no mapping of arguments",
            )
    _check(isinstance(step.get("sleep_s", 0), int | float), f"{where}, sleep_s", "is not a number")
    error = step.get("error", {})
    _check(isinstance(error, Mapping), f"{where}, error", "is not a mapping")
    _known(error, _ERROR_KEYS, f"{where}, error")


def _check(good: bool, where: str, what: str) -> None:  # noqa: FBT001 - an assertion reads best so
    if not good:
        raise ConfigError(f"{where} {what}", hint="see the demo's script for the shape")


def _known(mapping: Mapping[Any, Any], known: frozenset[str], where: str) -> None:
    unknown = sorted(str(key) for key in mapping if key not in known)
    if unknown:
        raise ConfigError(
            f"{where}: unknown key {unknown[0]!r}", hint=f"known keys: {', '.join(sorted(known))}"
        )


def _arguments(given: Any, found: Sequence[str], address: CallAddress) -> str:
    """JSON text; a string is taken as raw text, so that a script can also send bad JSON."""
    if isinstance(given, str):
        return str(_filled(given, found, address))
    return json.dumps(_filled(given or {}, found, address), ensure_ascii=False, default=str)


def _filled(value: Any, found: Sequence[str], address: CallAddress) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _filled(inner, found, address) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, found, address) for inner in value]
    if not isinstance(value, str):
        return value

    def evidence(match: re.Match[str]) -> str:
        back = -int(match.group(1) or -1)
        if not 0 < back <= len(found):
            raise ModelError(
                f"the script wants {match.group(0)} at {address}; the tools gave {len(found)} evidence ids",
                kind="config",
                hint="script a tool call before the claim that cites it",
            )
        return found[-back]

    return _PLACEHOLDER.sub(evidence, value)

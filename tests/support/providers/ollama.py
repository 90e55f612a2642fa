"""Ollama's own API: arguments are objects, and a prompt that is too long is cut without a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from support.openai_server import Provider, Refused
from support.providers.openai import tokens_of

USUAL_WINDOW = 4096


class Ollama(Provider):
    """`trained` is the window of the model, `parameters` those of its Modelfile."""

    def __init__(self, *, trained: int = 40_960, parameters: str = "") -> None:
        self.trained = trained
        self.parameters = parameters
        self.windows: list[int] = []
        self.cut: list[int] = []
        """The sizes of prompts that were cut."""

    def look_up(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        if not path.endswith("/api/show"):
            return None
        facts = {"general.architecture": "qwen3", "qwen3.context_length": self.trained}
        return {
            "model_info": facts,
            "parameters": self.parameters,
            "capabilities": ["completion", "tools", "thinking"],
            "template": "{{ .Tools }}",
        }

    def refuse(self, path: str, body: dict[str, Any]) -> Refused | None:
        if not path.endswith("/api/chat"):
            return Refused(404, {"error": "404 page not found"})
        for message in body["messages"]:
            if not isinstance(message.get("content", ""), str):
                return Refused(
                    400,
                    {
                        "error": "json: cannot unmarshal array into Go struct field .messages.content of type string"
                    },
                )
            for call in message.get("tool_calls") or ():
                if not isinstance(call["function"]["arguments"], dict):
                    return Refused(
                        400,
                        {
                            "error": "json: cannot unmarshal string into Go struct field .messages.tool_calls.function.arguments"
                        },
                    )
        window = (body.get("options") or {}).get("num_ctx") or USUAL_WINDOW
        self.windows.append(window)
        if tokens_of(body) > window:
            self.cut.append(tokens_of(body))
        return None

    def answer(self, reply: Mapping[str, Any], body: dict[str, Any], n: int) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": reply.get("content") or ""}
        if reply.get("reasoning"):
            message["thinking"] = reply["reasoning"]
        if calls := reply.get("tool_calls"):
            message["tool_calls"] = [
                {"function": {"name": name, "arguments": arguments if isinstance(arguments, dict) else {}}}
                for name, arguments in calls
            ]
        return {
            "model": body["model"],
            "created_at": "2026-01-01T00:00:00Z",
            "message": message,
            "done": True,
            "done_reason": "length" if reply.get("finish_reason") == "length" else "stop",
            "prompt_eval_count": tokens_of(body),
            "eval_count": 10,
        }

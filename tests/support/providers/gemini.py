"""Google's generateContent: thought signatures on function calls, and a schema language of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from support.openai_server import Provider, Refused
from support.providers.openai import has_lone_surrogate

_SCHEMA = {
    "type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties", "required",
    "minProperties", "maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf", "propertyOrdering",
    "default", "items", "minimum", "maximum",
}  # fmt: skip
_FINISH = {"length": "MAX_TOKENS", "stop": "STOP", "tool_calls": "STOP"}


class Gemini(Provider):
    """A model that thinks: it signs the first function call of each reply, or its text if there is none."""

    def __init__(self) -> None:
        self.issued: set[str] = set()

    def refuse(self, path: str, body: dict[str, Any]) -> Refused | None:
        if ":generateContent" not in path:
            return Refused(404, {"error": {"code": 404, "message": f"no {path}", "status": "NOT_FOUND"}})
        fault = next(self._faults(body), None)
        error = {"code": 400, "message": fault, "status": "INVALID_ARGUMENT"}
        return None if fault is None else Refused(400, {"error": error})

    def answer(self, reply: Mapping[str, Any], body: dict[str, Any], n: int) -> dict[str, Any]:
        parts: list[dict[str, Any]] = []
        if reply.get("reasoning"):
            parts.append({"text": reply["reasoning"], "thought": True})
        if reply.get("content"):
            parts.append({"text": reply["content"]})
        first_call = len(parts)
        for name, arguments in reply.get("tool_calls") or ():
            parts.append(
                {"functionCall": {"name": name, "args": arguments if isinstance(arguments, dict) else {}}}
            )
        if parts:
            signature = hashlib.sha256(f"gemini:{n}".encode()).hexdigest()
            self.issued.add(signature)
            parts[min(first_call, len(parts) - 1)]["thoughtSignature"] = signature
        finish = reply.get("finish_reason") or "stop"
        candidate = {
            "content": {"role": "model", "parts": parts},
            "finishReason": _FINISH.get(finish, finish),
            "index": 0,
        }
        usage = {
            "promptTokenCount": 100,
            "candidatesTokenCount": 10,
            "totalTokenCount": 110,
            "cachedContentTokenCount": 40,
        }
        return {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": "gemini",
            "responseId": f"r{n}",
        }

    def _faults(self, body: dict[str, Any]) -> Iterator[str]:
        if has_lone_surrogate(body):
            yield "Invalid JSON payload received. Unexpected token."
        for tool in body.get("tools", ()):
            declared = tool.get("functionDeclarations") or tool.get("function_declarations") or ()
            for index, function in enumerate(declared):
                where = f"tools[0].function_declarations[{index}].parameters"
                if "parameters" in function:
                    yield from _schema_faults(where, function["parameters"])
        contents = body["contents"]
        for index, content in enumerate(contents):
            if not content["parts"]:
                yield f"* GenerateContentRequest.contents[{index}].parts: contents.parts must not be empty."
            for part in content["parts"]:
                if part.get("text") == "":
                    yield "Unable to submit request because it must have a text parameter. Add a text parameter and try again."
        if contents[-1]["role"] != "user":
            yield "Please ensure that multiturn requests end with a user role or a function response."
        yield from self._turn_faults(contents)

    def _turn_faults(self, contents: list[dict[str, Any]]) -> Iterator[str]:
        for index, content in enumerate(contents):
            calls = [part for part in content["parts"] if _call(part)]
            after = contents[index + 1]["parts"] if index + 1 < len(contents) else []
            results = [part for part in after if "functionResponse" in part or "function_response" in part]
            if content["role"] == "model" and len(calls) != len(results):
                yield (
                    "Please ensure that the number of function response parts is equal to the number of function call "
                    "parts of the function call turn."
                )
            if calls and index and contents[index - 1]["role"] != "user":
                yield (
                    "Please ensure that function call turn comes immediately after a user turn or after a function "
                    "response turn."
                )
            signature = calls[0].get("thoughtSignature") if calls else None
            if calls and not signature:
                yield (
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools to "
                    "work correctly, and missing thought_signature may lead to degraded model performance. Additional "
                    f"data, function call `default_api:{_call(calls[0])['name']}` , position {index + 1}."
                )
        for content in contents:
            for part in content["parts"]:
                if part.get("thoughtSignature") and part["thoughtSignature"] not in self.issued:
                    yield "Thought signature is not valid."


def _call(part: Mapping[str, Any]) -> Any:
    return part.get("functionCall") or part.get("function_call")


def _schema_faults(where: str, schema: Any) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    for name in schema.keys() - _SCHEMA:
        yield f"Invalid JSON payload received. Unknown name \"{name}\" at '{where}': Cannot find field."
    for name, inner in schema.get("properties", {}).items():
        yield from _schema_faults(f"{where}.properties[{name}]", inner)
    yield from _schema_faults(f"{where}.items", schema.get("items"))
    for inner in schema.get("anyOf", ()):
        yield from _schema_faults(f"{where}.any_of", inner)

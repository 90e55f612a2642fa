"""
A scripted model server on loopback, with every fault a real one has; it speaks for a provider, by default a lenient
OpenAI-compatible one.

The script is a callable `(body, n) -> reply`; `n` counts the POSTs from 0. A reply is

- a `str`: the assistant's text;
- a `dict` with `content` and/or `tool_calls` (pairs of name and arguments: a dict, or raw text to send as it is);
- a `dict` with `message`: the assistant's message as it is;
- a fault: `failure(...)`, `hang()`, `cut()`, `garbage(...)`;
- any of these dicts with further keys `delay`, `usage`, `ids`, `finish_reason`, `model`, `reasoning`.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Reply = str | dict[str, Any]
Script = Callable[[dict[str, Any], int], Reply]

USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
_EVIDENCE = re.compile(r"^evidence: ([A-Za-z0-9_-]+)$", re.MULTILINE)
_ROLE = re.compile(r"^You are ([^.\n]+)")


def calls(*pairs: tuple[str, Any], content: str | None = None, **extra: Any) -> dict[str, Any]:
    """A reply that calls tools in this order."""
    return {"content": content, "tool_calls": list(pairs), **extra}


def failure(
    status: int, message: str = "boom", *, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """An HTTP error in OpenAI's shape."""
    body = {"error": {"message": message, "type": "scripted", "code": str(status)}}
    return {"status": status, "body": body, "headers": dict(headers or {})}


def hang(seconds: float = 3600.0) -> dict[str, Any]:
    """No answer until `seconds` are over or the server is closed."""
    return {"content": "too late", "delay": seconds}


def cut() -> dict[str, Any]:
    """A body that ends in the middle of what its length promised."""
    return {"content": "cut off", "cut": True}


def garbage(raw: str = '{"choices": [') -> dict[str, Any]:
    """Status 200 and a body that is not what was asked for."""
    return {"raw": raw}


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message whose content is a string, parts, or nothing."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def role_of(body: Mapping[str, Any]) -> str:
    """The role in the system message `You are <role>. ...`; empty where none is named."""
    for message in body.get("messages", []):
        found = _ROLE.match(text_of(message)) if message.get("role") == "system" else None
        if found:
            return found.group(1).strip()
    return ""


def tool_results(body: Mapping[str, Any]) -> list[str]:
    """What the tools said, oldest first."""
    return [text_of(message) for message in body.get("messages", []) if message.get("role") == "tool"]


def last_evidence(body: Mapping[str, Any]) -> str:
    """The newest evidence id in the transcript; empty where there is none."""
    found = _EVIDENCE.findall("\n".join(tool_results(body)))
    return found[-1] if found else ""


def tool_names(body: Mapping[str, Any]) -> list[str]:
    """The tools that were offered."""
    return [tool["function"]["name"] for tool in body.get("tools") or []]


@dataclass(frozen=True, slots=True)
class Refused:
    """An HTTP error that a provider answers with."""

    status: int
    body: Mapping[str, Any]


class Provider:
    """How a provider answers. This one takes everything; those of `support.providers` refuse what the real ones do."""

    def refuse(self, path: str, body: dict[str, Any]) -> Refused | None:
        """Why the real provider would not take this request."""
        return None

    def answer(self, reply: Mapping[str, Any], body: dict[str, Any], n: int) -> dict[str, Any]:
        """The response's JSON for a reply that is no fault."""
        return completion(reply, body, n)

    def look_up(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """The JSON for a request about models; None if it is none. `body` is empty for a GET."""
        return None


class OpenAIServer:
    """Serves `/v1/chat/completions`, `/v1/models` and Ollama's `/api/tags`; remembers every request."""

    def __init__(
        self,
        script: Script,
        *,
        models: Sequence[str] = ("test-model",),
        delay: float = 0.0,
        provider: Provider | None = None,
    ) -> None:
        self.script = script
        self.provider = provider or Provider()
        self.refusals: list[Refused] = []
        self.models = list(models)
        self.delay = delay
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.script_errors: list[BaseException] = []
        self.in_flight = 0
        self.max_in_flight = 0
        self.together = 0
        """Nobody is answered before so many have asked at once, or half a minute is over."""
        self._count = itertools.count()
        self._lock = threading.Condition()  # guards the counts and the lists above
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self.port: int = self._server.server_address[1]
        self.root = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.root}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.daemon = True
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop; requests that hang are let go."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def reply_to(self, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> tuple[Reply, int]:
        """Ask the script, keeping count."""
        with self._lock:
            n = next(self._count)
            self.requests.append(body)
            self.headers.append({key.lower(): value for key, value in headers.items()})
            self.paths.append(f"POST {path}")
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            self._lock.notify_all()
            self._lock.wait_for(lambda: self.max_in_flight >= self.together, timeout=30)
        try:
            reply = self.script(body, n)
            delay = reply.get("delay", self.delay) if isinstance(reply, dict) else self.delay
            self._closing.wait(delay) if delay else None
        except Exception as error:  # the test reads it; the client sees a 500
            self.script_errors.append(error)
            reply = failure(500, f"the script raised {error!r}")
        finally:
            with self._lock:
                self.in_flight -= 1
        return reply, n


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what many of these tests are about."""


def _handler_of(server: OpenAIServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            server.paths.append(f"GET {self.path}")
            fact = server.provider.look_up(self.path, {})
            if fact is not None:
                self._send(200, json.dumps(fact))
            elif self.path.endswith("/api/tags"):
                self._send(200, json.dumps({"models": [{"name": name} for name in server.models]}))
            elif self.path.endswith("/models"):
                rows = [{"id": name, "object": "model"} for name in server.models]
                self._send(200, json.dumps({"object": "list", "data": rows}))
            else:
                self._send(404, json.dumps({"error": {"message": f"no {self.path}"}}))

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            fact = server.provider.look_up(self.path, body)
            if fact is not None:
                server.paths.append(f"POST {self.path}")
                self._send(200, json.dumps(fact))
                return
            refused = server.provider.refuse(self.path, body)
            if refused is not None:
                server.refusals.append(refused)
                self._send(refused.status, json.dumps(refused.body))
                return
            reply, n = server.reply_to(self.path, dict(self.headers.items()), body)
            if isinstance(reply, str):
                reply = {"content": reply}
            if "status" in reply:
                self._send(reply["status"], json.dumps(reply["body"]), reply["headers"])
            elif "raw" in reply:
                self._send(200, reply["raw"])
            elif body.get("stream"):
                events = as_events(server.provider.answer(reply, body, n))
                self._send(200, "".join(events), {"content-type": "text/event-stream"})
            else:
                answer = json.dumps(server.provider.answer(reply, body, n))
                self._send(200, answer, cut_off=reply.get("cut", False))

        def _send(
            self, status: int, text: str, headers: Mapping[str, str] | None = None, *, cut_off: bool = False
        ) -> None:
            raw = text.encode()
            self.send_response(status)
            self.send_header("content-length", str(len(raw)))
            for key, value in {"content-type": "application/json", **(headers or {})}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(raw[: len(raw) // 2] if cut_off else raw)
            self.wfile.flush()
            if cut_off:
                self.close_connection = True

    return Handler


def completion(reply: Mapping[str, Any], body: Mapping[str, Any], n: int) -> dict[str, Any]:
    """The chat completion object for a reply that is no fault."""
    message = reply.get("message")
    if message is None:
        message = {"role": "assistant", "content": reply.get("content")}
        if reply.get("reasoning"):
            message["reasoning_content"] = reply["reasoning"]
        if reply.get("tool_calls"):
            ids = reply.get("ids") or [f"call_{n}_{i}" for i in range(len(reply["tool_calls"]))]
            message["tool_calls"] = [
                {
                    "id": call_id,
                    "type": "function",
                    "function": {
                        "name": name,
                        "arguments": args if isinstance(args, str) else json.dumps(args),
                    },
                }
                for call_id, (name, args) in zip(ids, reply["tool_calls"], strict=True)
            ]
    finish = reply.get("finish_reason") or ("tool_calls" if message.get("tool_calls") else "stop")
    answer = {
        "id": f"chatcmpl-{n}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": reply.get("model") or body.get("model", "m"),
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": reply.get("usage", USAGE),
    }
    return {key: value for key, value in answer.items() if key != "usage" or value != "missing"}


def as_events(answer: Mapping[str, Any]) -> Iterator[str]:
    """The completion as the events of a stream: its text word by word, its tool calls in two pieces each."""
    (choice,) = answer["choices"]
    message = choice["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if message.get("reasoning_content"):
        deltas.append({"reasoning_content": message["reasoning_content"]})
    deltas += [{"content": word} for word in re.findall(r"\S+\s*|\s+", message.get("content") or "")]
    for index, call in enumerate(message.get("tool_calls", ())):
        text = call["function"]["arguments"]
        first = {**call, "index": index, "function": {**call["function"], "arguments": text[:5]}}
        deltas += [
            {"tool_calls": [first]},
            {"tool_calls": [{"index": index, "function": {"arguments": text[5:]}}]},
        ]
    base = {key: answer[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    for delta in deltas:
        yield _event({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    if "usage" in answer:
        yield _event({**base, "choices": [], "usage": answer["usage"]})
    yield "data: [DONE]\n\n"


def _event(data: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"

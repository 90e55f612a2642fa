"""The one way to litellm: what each answer of a server becomes, and that it costs exactly one request."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from email.utils import formatdate

import pytest

from devassist.domain.errors import ModelError
from devassist.domain.settings import ModelSettings
from devassist.llm.litellm_gateway import PLACEHOLDER_KEY, LiteLLMClient
from devassist.ports import ModelRequest
from support.openai_server import OpenAIServer, calls, cut, failure, garbage, hang, last_evidence

pytestmark = pytest.mark.thorough  # litellm's import alone takes more than two seconds

TOOLS = (
    {
        "type": "function",
        "function": {
            "name": "read_file",
            "description": "Read a file.",
            "parameters": {
                "type": "object",
                "properties": {"path": {"type": "string"}},
                "required": ["path"],
            },
        },
    },
)
KEY = "sk-verysecret-0123456789"


def ask(
    reply,
    *,
    model="openai/test-model",
    tools=TOOLS,
    timeout_s=10.0,
    env=None,
    messages=None,
    prefix_base=True,
):
    script = reply if callable(reply) else lambda _body, _n: reply
    with OpenAIServer(script) as server:
        settings = ModelSettings(api_base=server.url if prefix_base else "", timeout_s=timeout_s)
        client = LiteLLMClient(settings, env={} if env is None else env)
        request = ModelRequest(
            model=model, messages=messages or [{"role": "user", "content": "hi"}], tools=tools
        )
        try:
            return client.attempt(request), server
        finally:
            assert server.script_errors == []


def fail(reply, **how):
    with pytest.raises(ModelError) as caught:
        ask(reply, **how)
    return caught.value


def test_text_comes_back_with_usage_and_one_request() -> None:
    reply, server = ask("hello")
    assert (reply.content, reply.finish_reason, reply.response_id) == ("hello", "stop", "chatcmpl-0")
    assert (reply.input_tokens, reply.output_tokens, reply.usd) == (100, 10, 0)
    assert len(server.requests) == 1
    assert "stream" not in server.requests[0] or server.requests[0]["stream"] is False
    assert "tool_choice" not in server.requests[0]


def test_a_known_model_is_priced_from_the_bundled_table() -> None:
    reply, _ = ask("hello", model="openai/gpt-4o-mini")
    assert reply.usd == pytest.approx(100 * 0.15e-6 + 10 * 0.6e-6)


def test_the_installed_litellm_calls_tools_end_to_end() -> None:
    def script(body, n):
        assert [tool["function"]["name"] for tool in body["tools"]] == ["read_file"]
        if n == 0:
            return calls(("read_file", {"path": "a.py"}), ("read_file", {"path": "b.py"}))
        return f"seen {last_evidence(body)}"

    with OpenAIServer(script) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.url), env={})
        messages = [{"role": "system", "content": "You are coder."}, {"role": "user", "content": "go"}]
        first = client.attempt(ModelRequest(model="openai/m", messages=messages, tools=TOOLS))
        assert [json.loads(call.arguments)["path"] for call in first.tool_calls] == ["a.py", "b.py"]
        assert first.finish_reason == "tool_calls"
        messages.append(
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": call.id,
                        "type": "function",
                        "function": {"name": call.name, "arguments": call.arguments},
                    }
                    for call in first.tool_calls
                ],
            }
        )
        for call in first.tool_calls:
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "x\nevidence: e-1"})
        before = json.dumps(messages)
        assert (
            client.attempt(ModelRequest(model="openai/m", messages=messages, tools=TOOLS)).content
            == "seen e-1"
        )
        assert json.dumps(messages) == before
        assert server.script_errors == []


@pytest.mark.parametrize(
    ("reply", "kind", "retryable"),
    [
        (failure(500), "server", True),
        (failure(503), "server", True),
        (failure(529, "overloaded"), "server", True),
        (failure(429), "rate_limit", True),
        (failure(429, "You exceeded your current quota"), "rate_limit", False),
        (failure(402), "rate_limit", False),
        (failure(400, "Your credit balance is too low"), "rate_limit", False),
        (failure(400, "API key not valid. Please pass a valid API key."), "auth", False),
        (failure(401), "auth", False),
        (failure(403), "auth", False),
        (failure(404, "no such model"), "not_found", False),
        (failure(400, "bad thing"), "bad_request", False),
        (failure(422, "bad thing"), "bad_request", False),
        (failure(400, "this model does not support tools"), "no_tools", False),
        (failure(400, "`tools` is not supported in this model"), "no_tools", False),
        (failure(404, "No endpoints found that support tool use"), "no_tools", False),
        (failure(400, "This model's maximum context length is 10 tokens"), "context_window", False),
        (failure(400, "blocked by content_policy"), "content_filter", False),
        (failure(408), "timeout", True),
        ({"status": 307, "body": {}, "headers": {"location": "http://127.0.0.1:9/v1"}}, "config", False),
        (cut(), "bad_reply", True),
        (garbage(), "bad_reply", True),
        (garbage("<html>hello</html>"), "bad_reply", True),
        (garbage("null"), "bad_reply", True),
        (garbage("{}"), "bad_reply", True),
        (garbage('{"id": "x", "choices": []}'), "bad_reply", True),
        (garbage('{"id": "x", "choices": [{"index": 0}]}'), "bad_reply", True),
        ({"content": "", "finish_reason": "content_filter"}, "content_filter", False),
    ],
)
def test_a_failure_is_told_by_kind_and_costs_one_request(reply, kind: str, retryable: bool) -> None:
    with OpenAIServer(lambda _body, _n: reply) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.url, timeout_s=5), env={"OPENAI_API_KEY": KEY})
        with pytest.raises(ModelError) as caught:
            client.attempt(
                ModelRequest(
                    model="openai/test-model", messages=[{"role": "user", "content": "x"}], tools=TOOLS
                )
            )
        assert (caught.value.kind, caught.value.retryable) == (kind, retryable), str(caught.value)
        assert len(server.requests) == 1
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
        assert "test-model" in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "prefix", ["openai", "hosted_vllm", "deepseek", "openrouter", "lm_studio", "mistral", "groq"]
)
def test_every_provider_sends_one_request_per_attempt(prefix: str) -> None:
    for status in (500, 429):
        with OpenAIServer(lambda _b, _n, s=status: failure(s, headers={"retry-after": "3"})) as server:
            client = LiteLLMClient(ModelSettings(api_base=server.url), env={})
            with pytest.raises(ModelError) as caught:
                client.attempt(
                    ModelRequest(
                        model=f"{prefix}/m", messages=[{"role": "user", "content": "x"}], tools=TOOLS
                    )
                )
            assert len(server.requests) == 1
            assert caught.value.kind == ("server" if status == 500 else "rate_limit"), str(caught.value)
            assert caught.value.retry_after_s == 3


def test_a_hang_ends_at_the_timeout() -> None:
    error = fail(hang(), timeout_s=0.5)
    assert (error.kind, error.retryable) == ("timeout", True)


def test_nobody_listening_is_a_connection_error_naming_the_address() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        client = LiteLLMClient(ModelSettings(api_base=base), env={})
        with pytest.raises(ModelError) as caught:
            client.attempt(ModelRequest(model="openai/m", messages=[{"role": "user", "content": "x"}]))
    assert (caught.value.kind, caught.value.retryable) == ("connection", True)
    assert base in caught.value.hint


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    assert fail(failure(429, headers={"retry-after": "7"})).retry_after_s == 7
    wish = fail(
        failure(503, headers={"retry-after": formatdate(time.time() + 60, usegmt=True)})
    ).retry_after_s
    assert wish is not None
    assert 50 < wish <= 61
    assert fail(failure(429, headers={"retry-after": "soon"})).retry_after_s is None


def test_auth_names_the_variable_and_no_text_holds_the_key() -> None:
    error = fail(failure(401, f"Incorrect API key provided: {KEY}"), env={"OPENAI_API_KEY": KEY})
    assert "OPENAI_API_KEY" in error.hint
    assert KEY not in str(error) + error.hint + repr(error.args)
    odd = "plainlookingpassword"
    error = fail(failure(400, f"got {odd} and sk-other-12345678"), env={"MY_TOKEN": odd})
    assert odd not in str(error)
    assert "sk-other" not in str(error)


def test_a_missing_key_is_said_before_any_request() -> None:
    client = LiteLLMClient(ModelSettings(), env={})
    with pytest.raises(ModelError, match="ANTHROPIC_API_KEY") as caught:
        client.attempt(ModelRequest(model="anthropic/claude-sonnet-5", messages=[]))
    assert caught.value.kind == "auth"


@pytest.mark.parametrize("model", ["nonsense", "foo/bar"])
def test_a_model_without_a_provider_is_a_configuration_error(model: str) -> None:
    error = fail("never", model=model)
    assert error.kind == "config"
    assert "openai/" in error.hint


def test_a_model_that_litellm_knows_without_tools_is_named() -> None:
    error = fail("never", model="perplexity/sonar")
    assert error.kind == "no_tools"
    assert str(error) == "model perplexity/sonar does not support tool calling"


def test_a_loopback_server_needs_no_key() -> None:
    _, server = ask("hi", env={})
    assert server.headers[0]["authorization"] == f"Bearer {PLACEHOLDER_KEY}"


def test_the_environments_base_needs_no_key_either(monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer(lambda _b, _n: "from the environment") as server:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        monkeypatch.setenv("OPENAI_API_BASE", server.url)
        reply = LiteLLMClient(ModelSettings()).attempt(
            ModelRequest(model="openai/m", messages=[{"role": "user", "content": "x"}])
        )
    assert reply.content == "from the environment"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ("missing", ("~", 1)),
        ("n/a", ("~", 1)),
        ([1], ("~", 1)),
        ({"prompt_tokens": "12", "completion_tokens": -5}, (12, 1)),
        ({"prompt_tokens": "x", "completion_tokens": None, "total_tokens": [1]}, ("~", 1)),
        ({"prompt_tokens": 3, "completion_tokens": 4}, (3, 4)),
        ({"prompt_tokens": 1e400, "completion_tokens": 2.5}, ("~", 2)),
        (None, ("~", 1)),
    ],
)
def test_wrong_usage_never_costs_the_reply(usage, expected) -> None:
    for model in ("openai/m", "openai/gpt-4o-mini"):
        reply, _ = ask({"content": "fine", "usage": usage}, model=model)
        assert reply.content == "fine"
        assert reply.estimated == (expected[0] == "~" or expected == (12, 1))
        assert reply.output_tokens == expected[1]
        assert reply.input_tokens == expected[0] or (expected[0] == "~" and reply.input_tokens > 0)
        assert (reply.usd == 0) == (model == "openai/m")


def test_tool_call_ids_become_unique_and_keep_the_order() -> None:
    pairs = [("read_file", {"path": name}) for name in "abcd"]
    reply, _ = ask(calls(*pairs, ids=["x", "x", None, ""]))
    assert [json.loads(call.arguments)["path"] for call in reply.tool_calls] == list("abcd")
    ids = [call.id for call in reply.tool_calls]
    assert len(set(ids)) == 4
    assert all(ids)
    earlier = [
        {"role": "user", "content": "x"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "x", "type": "function", "function": {"name": "read_file", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "x", "content": "y"},
    ]
    reply, _ = ask(calls(("read_file", "{bad json"), ids=["x"]), messages=earlier)
    assert reply.tool_calls[0].id != "x"
    assert reply.tool_calls[0].arguments == "{bad json"


def test_a_reply_cut_by_its_length_says_so() -> None:
    reply, _ = ask({"content": "half a sent", "finish_reason": "length"})
    assert (reply.content, reply.finish_reason) == ("half a sent", "length")


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    ask("fine")
    ask({"content": "fine", "usage": {"prompt_tokens": "x"}})
    for reply in (failure(500), failure(401), garbage(), cut()):
        fail(reply)
    fail("never", model="nonsense")
    assert capfd.readouterr() == ("", "")


def test_a_completion_connects_to_the_server_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def spy_connect(self, address):
        asked.append(address)
        return connect(self, address)

    def spy_resolve(host, *rest, **more):
        asked.append((host, *rest))
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket.socket, "connect", spy_connect)
    monkeypatch.setattr(socket, "getaddrinfo", spy_resolve)
    monkeypatch.setenv("HTTP_PROXY", "http://10.255.255.1:3128")
    monkeypatch.setenv("ALL_PROXY", "http://10.255.255.1:3128")
    _, server = ask("hi", model="openai/gpt-4o-mini")
    assert asked
    assert {(place[0], place[1]) for place in asked} == {("127.0.0.1", server.port)}


IMPORTING = """
import socket, sys
asked = []
def refuse(*a, **k): asked.append(a); raise OSError("no network here")
own = socket.getaddrinfo, socket.socket.connect
socket.getaddrinfo = refuse; socket.socket.connect = refuse
from devassist.domain.settings import ModelSettings
from devassist.domain.errors import ModelError
from devassist.llm.litellm_gateway import LiteLLMClient
from devassist.ports import ModelRequest
assert "litellm" not in sys.modules
try: LiteLLMClient(ModelSettings(), env={}).attempt(ModelRequest(model="nonsense", messages=[]))
except ModelError as error: assert error.kind == "config", error
finally: socket.getaddrinfo, socket.socket.connect = own
assert "litellm" in sys.modules
assert asked == [], asked
"""
IMPORTED = {"quietly": False}
"""Whether the import of this process was watched. It takes three seconds, so that one more process costs as many."""


@pytest.fixture(autouse=True)
def _watched_import(capfd: pytest.CaptureFixture[str]) -> None:
    if "litellm" not in sys.modules:
        exec(IMPORTING, {})
        assert capfd.readouterr() == ("", "")
        IMPORTED["quietly"] = True


def test_importing_litellm_in_a_fresh_process_asks_the_network_nothing() -> None:
    if not IMPORTED["quietly"]:  # another file's test had imported it before
        done = subprocess.run(
            [sys.executable, "-c", IMPORTING], capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def ask_raw(model: str, answer: dict, env: dict[str, str]):
    """Through a provider whose protocol is not OpenAI's."""
    with OpenAIServer(lambda _body, _n: garbage(json.dumps(answer))) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.root, timeout_s=10), env=env)
        reply = client.attempt(
            ModelRequest(model=model, messages=[{"role": "user", "content": "hi"}], tools=TOOLS)
        )
        # On a thread of its own litellm may ask an Ollama server afterwards what the model is called and can do.
        assert len([path for path in server.paths if not path.endswith("/api/show")]) == 1
        return reply


def test_ollama_calls_tools_in_one_request() -> None:
    call = {"function": {"name": "read_file", "arguments": {"path": "a.py"}}}
    message = {"role": "assistant", "content": "", "tool_calls": [call, call]}
    answer = {"model": "qwen", "message": message, "done": True, "prompt_eval_count": 5, "eval_count": 2}
    reply = ask_raw("ollama_chat/qwen", answer, {})
    assert [json.loads(made.arguments) for made in reply.tool_calls] == [{"path": "a.py"}] * 2
    assert reply.tool_calls[0].id != reply.tool_calls[1].id
    assert (reply.input_tokens, reply.output_tokens) == (5, 2)


def test_anthropic_calls_tools_in_one_request() -> None:
    answer = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5",
        "content": [
            {"type": "text", "text": "t"},
            {"type": "tool_use", "id": "tu1", "name": "read_file", "input": {}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 10, "output_tokens": 3},
    }
    reply = ask_raw("anthropic/claude-sonnet-5", answer, {"ANTHROPIC_API_KEY": KEY})
    assert (reply.content, reply.finish_reason, reply.usd) == ("t", "tool_calls", pytest.approx(5e-5))
    assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == [("tu1", "read_file", "{}")]


def test_a_quota_with_a_date_to_come_back_is_a_rate_limit() -> None:
    body = {
        "error": {
            "code": 429,
            "message": "You exceeded your current quota, please check your plan and billing details.",
            "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}],
        }
    }
    error = fail(
        {"status": 429, "body": body, "headers": {}},
        model="gemini/gemini-3.7-flash",
        env={"GEMINI_API_KEY": "AIzaSecretSecret"},
    )
    assert (error.kind, error.retryable, error.retry_after_s) == ("rate_limit", True, 17)

"""Turns a failed provider call into a ModelError: its kind, whether to retry, and a hint on what to do next."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus

from devassist.domain.errors import ModelError
from devassist.llm.case import Case
from devassist.llm.models.providers import credentials_hint, server_hint

# litellm's and openai's exceptions are recognised by name: this module imports neither.

_UNSUPPORTED = re.compile(
    r"(tool|function)s?[ _-]?(call\w*|use|choice)?\b.{0,60}"
    r"(not (been )?(supported|enabled|available)|unsupported)"
    r"|(does not|doesn't|do not|don't|cannot|not) (yet )?(support|allow|enable)\w*.{0,60}\b(tool|function)"
    r"|unsupported.{0,30}\btools?\b"
    r"|no endpoints found that support tool",
    re.IGNORECASE | re.DOTALL,
)
_WINDOW = re.compile(
    r"context.{0,20}(length|window|size|limit)|maximum context|prompt is too long|too many tokens|"
    r"max_tokens must be at least 1, got -|"
    r"input (token|length).{0,40}exceed|exceeds? the (model's )?max\w*.{0,20}token",
    re.IGNORECASE | re.DOTALL,
)
_FILTER = re.compile(r"content[ _-]?(policy|filter|management)|safety system|responsible ai", re.IGNORECASE)
_BROKE = re.compile(
    r"insufficient[ _](quota|balance|credit|fund)|exceeded your current quota|credit balance|billing",
    re.IGNORECASE,
)
_NO_KEY = re.compile(
    r"missing (credentials|\w+ api key)|api[_ ]key.{0,30}(must be set|not (set|found|provided))",
    re.IGNORECASE,
)
# Gemini and xAI answer a wrong key with 400.
_BAD_KEY = re.compile(r"(api )?key (is )?not valid|(incorrect|invalid) api key", re.IGNORECASE)
_TORN = re.compile(
    r"invalid response object|no 'choices'|empty or invalid response|"
    r"peer closed connection without sending complete|"
    r"incomplete (chunked )?read|expecting value|unterminated string|invalid json|jsondecode",
    re.IGNORECASE,
)
_UNKNOWN_PARAMETERS = re.compile(r"does not support parameters: \[([^\]]*)\]")
_TEMPLATE = re.compile(
    r"jinja|template ?error|raise_exception|failed to parse tool call arguments", re.IGNORECASE
)
"""llama.cpp answers with status 500 if a conversation does not fit the model's chat template; it never will."""
_CONNECTION = {
    "ConnectError", "ConnectTimeout", "APIConnectionError", "ReadError", "WriteError", "ConnectionError",
    "gaierror", "ProxyError", "CloseError", "OSError",
}  # fmt: skip


def model_error(case: Case) -> ModelError:
    """The ModelError for anything that `litellm.completion` raised. Its text never holds a key."""
    for rule in (_by_meaning, _by_account, _by_status, _by_transport, _by_claim):
        failure = rule(case)
        if failure is not None:
            return failure
    # Neither HTTP nor the connection failed: litellm could not make sense of the reply.
    return _error(case, "bad_reply", "sent a reply that cannot be read", retryable=True)


def _by_meaning(case: Case) -> ModelError | None:
    """The failure that the text or the exception's class names, whatever the status."""
    request = case.request
    if "LLM Provider NOT provided" in case.text or case.outermost == "LiteLLMUnknownProvider":
        hint = (
            "write it as provider/model, for example openai/gpt-5.2, anthropic/claude-sonnet-5, "
            f"ollama_chat/NAME, or openai/{request.model or 'NAME'} for an OpenAI-compatible server"
        )
        return ModelError(f"model {request.model!r} names no provider", kind="config", hint=hint)
    if "ImportError" in case.names or "ModuleNotFoundError" in case.names:
        return _error(
            case, "config", "needs a package that is not installed", hint="install what the message names"
        )
    if (unknown := _UNKNOWN_PARAMETERS.search(case.text)) and case.outermost == "UnsupportedParamsError":
        names = unknown.group(1).replace("'", "")
        if "tools" not in names:
            hint = "leave it out of [model.params], or set it in [model.role_params] for roles whose model takes it"
            return ModelError(f"model {request.model} does not take {names}", kind="config", hint=hint)
    if case.outermost == "ContextWindowExceededError" or (
        case.status in (400, 413) and _WINDOW.search(case.text)
    ):
        return _error(case, "context_window", "was sent more than its context window holds")
    if case.outermost == "ContentPolicyViolationError" or (
        case.status == HTTPStatus.BAD_REQUEST and _FILTER.search(case.text)
    ):
        return _error(case, "content_filter", "refused the request: content filter")
    if case.status == HTTPStatus.INTERNAL_SERVER_ERROR and _TEMPLATE.search(case.text):
        return _error(case, "bad_request", "has a chat template that refuses the conversation")
    if _about_tools(case):
        hint = (
            "choose a model that calls tools with --model or under [model] in .devassist.toml, "
            'or set protocol = "text" there'
        )
        return ModelError(f"model {request.model} does not support tool calling", kind="no_tools", hint=hint)
    return None


def _by_account(case: Case) -> ModelError | None:
    """A problem with the key or the credit, which providers report with various statuses."""
    if not case.status and _NO_KEY.search(case.text):
        return _auth(case, "has no key")
    if case.status == HTTPStatus.BAD_REQUEST and _BAD_KEY.search(case.text):
        return _auth(case, "refused the key")
    # Gemini also says "quota" and "billing" for its limits per minute, but then with a time to retry.
    broke = case.retry_after_s is None and case.status in (400, 403, 429) and _BROKE.search(case.text)
    if broke or case.status == HTTPStatus.PAYMENT_REQUIRED:
        hint = "top up the account, or choose another model with --model"
        return _error(case, "rate_limit", "is out of credit", hint=hint)
    return None


def _about_tools(case: Case) -> bool:
    if not case.request.tools:
        return False
    if case.outermost == "UnsupportedParamsError":
        return "tools" in case.text
    # OpenRouter says it with 404, Ollama and vLLM with 400, some with 422 or 501.
    return case.status in (400, 404, 422, 500, 501) and bool(_UNSUPPORTED.search(case.text))


def _by_status(case: Case) -> ModelError | None:
    """The failure by the status of a real HTTP answer."""
    status = case.status
    if status in (401, 403):
        return _auth(case, "refused the key")
    if status == HTTPStatus.NOT_FOUND:
        return _error(case, "not_found", "was not found", hint=_where(case, "check the model's name"))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _error(case, "rate_limit", "is rate limited", retryable=True)
    if status == HTTPStatus.REQUEST_TIMEOUT:
        return _error(case, "timeout", "timed out", retryable=True)
    if status in (409, 425) or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _error(case, "server", f"answered with status {status}", retryable=True)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return _error(
            case, "config", f"is served elsewhere (status {status})", hint=_where(case, "correct api_base")
        )
    return (
        _error(case, "bad_request", f"refused the request with status {status}")
        if status >= HTTPStatus.BAD_REQUEST
        else None
    )


def _by_transport(case: Case) -> ModelError | None:
    """A failure of the connection, or of what came over it."""
    if case.outermost == "Timeout" or case.names & {
        "APITimeoutError",
        "ReadTimeout",
        "WriteTimeout",
        "PoolTimeout",
    }:
        return _error(case, "timeout", "did not answer in time", retryable=True)
    if _TORN.search(case.chain_text) or "JSONDecodeError" in case.names:
        return _error(case, "bad_reply", "sent a reply that is cut off or not JSON", retryable=True)
    inner = case.names - {case.outermost}
    if case.names & {"UnsupportedProtocol", "InvalidURL"}:
        return _error(case, "config", "has no usable address", hint=_where(case, "correct api_base"))
    if inner & _CONNECTION or "RemoteProtocolError" in inner:
        hint = server_hint(case.provider) or "check the network"
        return _error(case, "connection", "is unreachable", retryable=True, hint=_where(case, hint))
    return None


def _by_claim(case: Case) -> ModelError | None:
    """The failure by the status that litellm made up, if that is not its usual 500."""
    status = case.claimed_status
    if status in (401, 403) or case.outermost in ("AuthenticationError", "PermissionDeniedError"):
        return _auth(case, "has no key, or refused it")
    # litellm gives 500 to anything that it did not understand.
    return None if status in (0, 200, 500) else _by_status(replace(case, status=status))


def _auth(case: Case, what: str) -> ModelError:
    return _error(case, "auth", what, hint=credentials_hint(case.provider))


def _where(case: Case, otherwise: str) -> str:
    return (
        f"{otherwise}, or the server at {case.api_base}"
        if case.api_base
        else f"{otherwise}, or choose another model"
    )


def _error(case: Case, kind: str, what: str, *, retryable: bool = False, hint: str = "") -> ModelError:
    fact = f"model {case.request.model} {what}"
    if case.text:
        fact += f": {case.text}"
    return ModelError(
        fact,
        kind=kind,
        retryable=retryable,
        retry_after_s=case.retry_after_s if retryable else None,
        hint=hint,
    )

"""litellm without a network: its first calls, made before workers are forked, so that they share what is built."""

# This imports litellm, as quiet_litellm does: only for a process that is going to call models.

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import httpx
import litellm
from litellm.constants import LOGGING_EXECUTOR_MAX_PENDING_TASKS, LOGGING_EXECUTOR_MAX_THREADS
from litellm.litellm_core_utils.thread_pool_executor import executor

from devassist.llm.quiet_litellm import silenced
from devassist.ports import ToolCall

NO_SERVER: Final = "http://127.0.0.1:9/v1"
"""The API base of a rehearsal. Nothing is ever sent there."""


@contextmanager
def rehearsed(calls: Sequence[ToolCall]) -> Iterator[None]:
    """
    Let litellm's completions be answered with `calls`, one after the other. Nothing leaves this process.

    Afterwards litellm has no thread, and no client of the rehearsal.
    """
    module = silenced()
    session = module.client_session
    replies = iter(calls)

    def reply(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(httpx.codes.OK, content=_completion(next(replies)))

    setattr(module, "client_session", httpx.Client(transport=httpx.MockTransport(reply)))  # noqa: B010  as below
    try:
        yield
    finally:
        setattr(module, "client_session", session)  # noqa: B010  mypy does not know it of a module
        litellm.in_memory_llm_clients_cache.flush_cache()
        # A fork has none of its parent's threads: an executor that believes to have some would never start others.
        executor.shutdown(wait=True)
        executor.__init__(LOGGING_EXECUTOR_MAX_THREADS, LOGGING_EXECUTOR_MAX_PENDING_TASKS)


def _completion(call: ToolCall) -> bytes:
    function = {"name": call.name, "arguments": call.arguments}
    tool_calls = [{"id": call.id, "type": "function", "function": function}]
    message = {"role": "assistant", "content": None, "tool_calls": tool_calls}
    answer = {
        "id": "rehearsal",
        "object": "chat.completion",
        "created": 1,
        "model": "rehearsal",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    return json.dumps(answer).encode()

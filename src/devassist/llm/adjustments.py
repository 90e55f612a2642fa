"""What a server can be sent differently after it has refused a request: learnt once, then kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from devassist.domain.events import JsonObject, Reasoning
from devassist.llm.case import Case

_STREAM = re.compile(
    r"only supports? stream|stream mode|(enable|set).{0,20}\bstream\b"
    r"|\bstream(ing)?\b.{0,40}(must be|required|set to)|for non-?streaming|non-?streaming.{0,60}(not|unsupported)",
    re.IGNORECASE | re.DOTALL,
)
_SIGNATURE = re.compile(
    r"(thinking|thought)\W.{0,80}(signature|cannot be modified)|signature\W.{0,40}(thinking|thought)|"
    r"thought signature is not valid",
    re.IGNORECASE | re.DOTALL,
)
_TURNS = re.compile(
    r"roles? must alternate|must alternate between|conversation roles|alternate user|unexpected role"
    r"|role ['\"]?user['\"]? after role ['\"]?tool|after (a )?tool (message|call|result)",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"max_?(completion_|output_|new_)?tokens", re.IGNORECASE)
_CONTEXT = re.compile(r"context|prompt is too long|input", re.IGNORECASE)
_FORMAT = re.compile(r"response_?format|json_?schema|json_object|grammar", re.IGNORECASE)
_REFUSALS = (400, 405, 406, 415, 422)
_TEMPLATE_FAILED = 500
"""What some servers answer when a chat template raises."""


class Adjustment(StrEnum):
    """A way to send requests to a server that refuses the usual one."""

    STREAM = "the server only streams"
    USUAL_LENGTH = "the server allows shorter replies than litellm's table says"
    TURNS = "the server wants users and assistants to take turns"
    PLAIN_REASONING = "the server refuses reasoning that is not in its old place"
    ANY_OBJECT = "the server takes no JSON schema"
    ANY_TEXT = "the server takes no format of a reply"
    WITHOUT_REASONING = "the server refuses the signature of earlier reasoning"


def adjustment_for(case: Case, learnt: Collection[Adjustment] = ()) -> Adjustment | None:
    """What the refusal asks for, beside what is `learnt`; None if it asks for nothing that can be done."""
    if case.request.schema is not None and _refuses_format(case):
        return Adjustment.ANY_TEXT if Adjustment.ANY_OBJECT in learnt else Adjustment.ANY_OBJECT
    refuses = case.status in (*_REFUSALS, _TEMPLATE_FAILED)
    if refuses and _TURNS.search(case.text) and _has_results(case.request.messages):
        return Adjustment.TURNS
    if case.status not in _REFUSALS:
        return None
    if _SIGNATURE.search(case.text) and case.request.reasoning:
        several = plain_reasoning(case.request.reasoning) != case.request.reasoning
        plain = several and Adjustment.PLAIN_REASONING not in learnt
        return Adjustment.PLAIN_REASONING if plain else Adjustment.WITHOUT_REASONING
    if _LENGTH.search(case.text) and not _CONTEXT.search(case.text):
        return Adjustment.USUAL_LENGTH
    return Adjustment.STREAM if _STREAM.search(case.text) else None


def plain_reasoning(reasoning: Mapping[int, Reasoning]) -> Mapping[int, Reasoning]:
    """
    The reasoning of messages that have one block of it, which stands first.

    litellm does not tell between which texts and calls several blocks stood, and Claude signs each in its place.
    """
    return {index: thought for index, thought in reasoning.items() if len(thought.blocks) <= 1}


def _refuses_format(case: Case) -> bool:
    """Whether the server, or litellm for it, does not take the format of a reply that it was asked for."""
    refuses = case.status in (*_REFUSALS, _TEMPLATE_FAILED) or case.outermost == "UnsupportedParamsError"
    return refuses and bool(_FORMAT.search(case.text))


def _has_results(messages: Sequence[JsonObject]) -> bool:
    """Whether the user may have spoken directly after a tool's result."""
    return any(message.get("role") == "tool" or message.get("tool_calls") for message in messages)

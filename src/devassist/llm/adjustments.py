"""What a server can be sent differently after it has refused a request: learnt once, then kept."""

from __future__ import annotations

import re
from enum import StrEnum

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
_REFUSALS = (400, 405, 406, 415, 422)


class Adjustment(StrEnum):
    """A way to send requests to a server that refuses the usual one."""

    STREAM = "the server only streams"
    WITHOUT_REASONING = "the server refuses the signature of earlier reasoning"


def adjustment_for(case: Case) -> Adjustment | None:
    """What the refusal asks for; None if it asks for nothing that can be done."""
    if case.status not in _REFUSALS:
        return None
    if _SIGNATURE.search(case.text) and case.request.reasoning:
        return Adjustment.WITHOUT_REASONING
    return Adjustment.STREAM if _STREAM.search(case.text) else None

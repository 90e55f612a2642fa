"""What the work in the text protocol consists of: questions to the model, and tool calls on its behalf."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from devassist.crew.text_protocol.replies import fault, json_object
from devassist.domain.events import JsonObject
from devassist.domain.roles import Role

MOST_ASKED = 3
"""Times that the model is asked for one JSON object."""
_INSTRUCTIONS = "\n\nInstructions:\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """
    What one agent works from. `room` is how many characters a question may have.

    `opening`, which goes before every question, says what is to be done; `rest` is what there is to know beside.
    """

    role: Role
    opening: str
    room: int
    rest: str = ""
    goal: str = ""
    scope: tuple[str, ...] = ()
    checks: bool = False
    """Whether there are checks, and a sandbox to run them in."""

    @property
    def text(self) -> str:
        return f"{self.opening}\n\n{self.rest}"

    @property
    def confidence(self) -> float:
        """How sure the harness is of work that the checks, if there are any, do not object to."""
        return 0.8 if self.checks else 0.5


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the model; with a `schema`, for a JSON object by it."""

    prompt: str
    schema: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """A tool call that the harness makes for the model."""

    tool: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True)
class Answer:
    """The model's text, or a tool's result without its last line, which has the id of its `evidence`."""

    text: str
    evidence: str = ""
    cut_off: bool = False

    @property
    def refused(self) -> bool:
        """Whether a tool has done nothing."""
        return self.text.startswith(("error:", "not accepted"))


Work = Generator[Ask | Act, Answer, None]
"""An agent's work; each step is sent its answer. It ends with the submit that is accepted, or raises GaveUp."""


class GaveUp(Exception):
    """The model has come to nothing; the text says what was tried."""


def ask_object(prompt: str, schema: JsonObject) -> Generator[Ask | Act, Answer, JsonObject]:
    """An object by `schema`. Raises GaveUp if the model does not write one."""
    wrong = ""
    for _ in range(MOST_ASKED):
        again = (
            f"\n\nYour last answer cannot be used: {wrong}. Answer with the JSON object alone."
            if wrong
            else ""
        )
        answer = yield Ask(prompt + again, schema)
        value = json_object(answer.text)
        wrong = fault(value, schema)
        if value is not None and not wrong:
            return value
    raise GaveUp(f"asked {MOST_ASKED} times, it wrote no JSON object that can be used: {wrong}")


def shortened(text: str, most: int) -> str:
    """The text within about `most` characters, without its middle if it is longer."""
    if len(text) <= most:
        return text
    half = max(most // 2, 0)
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[len(text) - half :]}"


def opening_and_rest(role: Role, brief: str, goal: str) -> tuple[str, str]:
    """What an agent is to do, and what else its brief says: of a task its first words and its instructions."""
    if role is Role.ORCHESTRATOR or (role is Role.RESEARCHER and goal and _INSTRUCTIONS not in brief):
        return f"Goal:\n{goal}", "" if role is Role.ORCHESTRATOR else brief
    first, _, rest = brief.partition("\n\n")
    instructions, _, rest = rest.partition("\n\n")
    return f"{first}\n\n{instructions}", rest

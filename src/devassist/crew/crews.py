"""Real CrewAI crews of the fixed roles, one crew per task and round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml
from crewai import Agent, Crew, Process, Task
from crewai.agents.agent_builder.base_agent import BaseAgent
from crewai.agents.agent_executor import AgentExecutor, AgentExecutorState
from crewai.flow.flow import FlowState
from crewai.tools import BaseTool
from crewai.tools.structured_tool import CrewStructuredTool
from crewai.utilities.task_output_storage_handler import TaskOutputStorageHandler
from pydantic import BaseModel, ConfigDict, PrivateAttr

from devassist.crew.agent_llm import AgentLLM
from devassist.crew.agent_session import AgentSession
from devassist.crew.conversation.transcript import EMPTY, Conversation
from devassist.crew.gateway_llm import BRIEF, GatewayLLM
from devassist.crew.text_protocol.protocols import Protocols
from devassist.crew.tools.tool_context import ToolOutcome
from devassist.domain.events import JsonObject
from devassist.domain.roles import Role
from devassist.ports import ModelReply, ModelRequest

_UNLIMITED = 1_000_000
_WITH_TOOLS = Protocols()


class SentBack(Exception):
    """A submit was not accepted. Raised because CrewAI ends the agent on any result that is returned."""


class _AnyArguments(BaseModel):
    """Has no fields, so that CrewAI passes the arguments on unchecked; AgentSession checks them."""

    model_config = ConfigDict(extra="allow")

    @classmethod
    def model_json_schema(cls, *_: object, **__: object) -> dict[str, object]:
        """At once: CrewAI makes it for each tool of each agent, and GatewayLLM sends the tools' own schemas instead."""
        return {"type": "object", "properties": {}}


class _ShortTool(CrewStructuredTool):
    """Describes itself in one line: only models without tool calling would read more, and devassist refuses those."""

    @property
    def formatted_description(self) -> str:
        return f"{self.name}: {self.description}"


class BoundTool(BaseTool):
    """A tool of one agent in one worktree."""

    args_schema: type[BaseModel] = _AnyArguments
    _call: Callable[[str, JsonObject], ToolOutcome] = PrivateAttr()

    def to_structured_tool(self) -> CrewStructuredTool:
        """CrewAI's own form of the tool, without the schema as prose, which CrewAI renders twice per agent."""
        tool = super().to_structured_tool()
        tool.__class__ = _ShortTool
        return tool

    def _run(self, **arguments: object) -> str:
        outcome = self._call(self.name, arguments)
        if self.result_as_answer and not outcome.ok:
            raise SentBack(outcome.text)
        return outcome.text


class _State(FlowState, AgentExecutorState):
    """The state of an agent's loop. CrewAI makes one anew for every agent, unless it gets one with an id."""


# Set here, because a subclass of the executor would have none of its steps.
AgentExecutor._initial_state_t = _State  # noqa: SLF001


class _NoStorage(TaskOutputStorageHandler):
    """Stores no outputs of tasks: the journal has them. CrewAI would write them to a database that all workers lock."""

    def __init__(self) -> None:
        """Opens no database."""

    def update(self, task_index: int, log: Mapping[str, object]) -> None:
        """Writes nothing."""

    def reset(self) -> None:
        """There is nothing to delete."""


class _Crew(Crew):
    _task_output_handler: TaskOutputStorageHandler = PrivateAttr(default_factory=_NoStorage)


@cache
def role_texts() -> Mapping[str, Mapping[str, str]]:
    """Goal and backstory of each role, from roles.yaml."""
    texts: Mapping[str, Mapping[str, str]] = yaml.safe_load(
        files("devassist.crew").joinpath("roles.yaml").read_text("utf-8")
    )
    return texts


def build_crew(
    sessions: Sequence[AgentSession],
    *,
    complete: Callable[[AgentSession, ModelRequest], ModelReply],
    window: Callable[[str], int],
    earlier: Mapping[Role, Conversation] = MappingProxyType({}),
    protocols: Protocols = _WITH_TOOLS,
) -> Crew:
    """
    A sequential crew with one agent and one task per session, in order.

    `earlier` are the conversations that agents may go on in.
    """
    agents: list[Agent] = []
    tasks: list[Task] = []
    for session in sessions:
        agent = _agent(session, complete=complete, window=window, earlier=earlier.get(session.role, EMPTY))
        if isinstance(agent.llm, AgentLLM):
            agent.llm.speak(protocols)
        agents.append(agent)
        tasks.append(
            Task(
                name=f"{session.assignment.task}-{session.role}",
                description=BRIEF,
                expected_output=f"The work, handed on by calling {session.submit_tool}.",
                agent=agent,
                context=list(tasks[-1:]),
            )
        )
    return _Crew(
        agents=agents,
        tasks=tasks,
        process=Process.sequential,
        memory=False,
        cache=False,
        planning=False,
        tracing=False,
        verbose=False,
    )


def conversation_of(agent: BaseAgent) -> Conversation:
    """What an agent of such a crew and its model said to each other."""
    model = agent.llm
    return model.conversation() if isinstance(model, GatewayLLM) else EMPTY


def _agent(
    session: AgentSession,
    *,
    complete: Callable[[AgentSession, ModelRequest], ModelReply],
    window: Callable[[str], int],
    earlier: Conversation,
) -> Agent:
    texts = role_texts()[session.role]
    model = session.assignment.models[session.role][0]
    return Agent(
        role=str(session.role),
        goal=texts["goal"],
        backstory=texts["backstory"],
        llm=AgentLLM(
            model=model,
            session=session,
            complete=lambda request: complete(session, request),
            window=window,
            earlier=earlier,
        ),
        tools=[_tool(session, name) for name in session.offered()],
        verbose=False,
        cache=False,
        allow_delegation=False,
        max_iter=_UNLIMITED,
        max_retry_limit=0,
        respect_context_window=False,
    )


def _tool(session: AgentSession, name: str) -> BoundTool:
    tool = BoundTool(
        name=name,
        description=name,
        result_as_answer=name == session.submit_tool,
        # A usage limit, however large, makes CrewAI run the calls of one reply in order, not in threads.
        max_usage_count=_UNLIMITED,
    )
    tool._call = session.call  # noqa: SLF001  pydantic copies fields, not private attributes
    return tool

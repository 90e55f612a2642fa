"""Commands that the harness itself runs in a worktree: setup and checks, in the sandbox, recorded before and after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devassist.domain.errors import Unfinished
from devassist.domain.events import CommandIntended, CommandRan, Event
from devassist.domain.findings import last_lines
from devassist.domain.statuses import Purpose, SandboxTier
from devassist.engine.context import RunContext
from devassist.evidence.observation import Observation
from devassist.ports import CommandResult, SandboxSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPlace:
    """
    Where a command runs, and for whom. `private` is its scratch directory: HOME, TMPDIR and caches.

    `agent` is empty if the command is nobody's, such as a check on the merged tree.
    """

    worktree: Path
    private: Path
    task: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class HarnessCommands:
    """Runs commands of one run. Keeps no state, so any thread may use it."""

    context: RunContext

    def place(self, worktree: Path, *, task: str, agent: str) -> CommandPlace:
        """The place of an agent's commands, with its scratch directory made."""
        private = private_directory(self.context, agent)
        private.mkdir(parents=True, exist_ok=True)
        return CommandPlace(worktree=worktree, private=private, task=task, agent=agent)

    def set_up(self, place: CommandPlace) -> None:
        """Run `[checks] setup` in a new worktree. Raises Unfinished if a command fails."""
        for command in self.context.settings.checks.setup:
            result = self.run(command, place, purpose=Purpose.SETUP)
            if result.exit_code != 0 and not result.reader_left:  # `yes | program` is what setups do
                tail = last_lines(result.output)
                raise Unfinished(f"setup command {command!r} ended with {result.exit_code}\n{tail}")

    def run(
        self, command: str, place: CommandPlace, *, purpose: Purpose, observation: Observation | None = None
    ) -> CommandResult:
        """
        Run one command, as `observation` says if its test runners are to report.

        Raises Interrupted or LimitReached if the run is over before or after it.
        """
        context = self.context
        assert context.sandbox is not None  # noqa: S101  the supervisor refuses such a run at its start
        tier, cwd = context.sandbox.tier, str(place.worktree)
        context.check_stop()
        intended = CommandIntended(command=command, purpose=purpose, tier=tier, cwd=cwd)
        context.journal.record(Event(intended, task=place.task, agent=place.agent))
        run = command if observation is None else observation.run
        spec = self._spec(place, observation)
        result = context.sandbox.run(run, spec, timeout_s=context.settings.checks.timeout_s)
        ran = CommandRan(
            command=command,
            purpose=purpose,
            tier=tier,
            cwd=cwd,
            exit_code=result.exit_code,
            output=result.output,
            seconds=round(result.seconds, 3),
            timed_out=result.timed_out,
            unsafe=tier is SandboxTier.NONE,
        )
        context.journal.record(Event(ran, task=place.task, agent=place.agent))
        context.check_stop()
        return result

    def _spec(self, place: CommandPlace, observation: Observation | None) -> SandboxSpec:
        context = self.context
        world = context.world(place.worktree, place.private)
        environment, read_only = world.environment, world.read_only
        if observation is not None:
            environment = {**environment, **observation.environment}
            read_only = [*read_only, *observation.read_only]
        return SandboxSpec(
            worktree=place.worktree,
            private=place.private,
            read_only=read_only,
            masked=context.masked,
            environment=environment,
            cwd=place.worktree,
            network=context.settings.sandbox.network,
        )


def private_directory(context: RunContext, agent: str) -> Path:
    """The scratch directory of an agent's commands: HOME, TMPDIR and caches."""
    return context.worktrees / ".private" / agent

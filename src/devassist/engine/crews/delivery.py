"""What happens to a handoff: claims compared with the log, the change set judged, then committed by the harness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from devassist.assignments import Submission
from devassist.domain.changes import ChangeSet, in_scope, is_build_product, is_mass_deletion
from devassist.domain.errors import RepositoryChanged
from devassist.domain.events import (
    CommitCreated,
    CommitIntended,
    DecisionMade,
    Event,
    Fact,
    HandoffReturned,
    Record,
    Shown,
    WarningRaised,
)
from devassist.domain.failpoints import reach
from devassist.domain.handoffs import (
    Handoff,
    Objection,
    ReviewVerdict,
)
from devassist.domain.ids import agent_id
from devassist.domain.plan import PlanTask
from devassist.domain.risks import risky_paths, sensitive
from devassist.domain.roles import Role, may_write
from devassist.domain.settings import ApprovalClass, ApprovalMode
from devassist.domain.state.approvals import ApprovalStatus
from devassist.engine.approval_requests import ApprovalRequest, granted_scope, require_decision
from devassist.engine.choice.private_view import visible_diff
from devassist.engine.context import RunContext
from devassist.engine.crews.handoffs import approved_errors
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.git.objects.drivers import reason_of
from devassist.git.objects.identity import Signature
from devassist.git.objects.trailers import with_trailers
from devassist.git.worktree.worktree import Worktree

AUTHOR = Signature("devassist", "devassist@localhost")
"""The author of every agent's commit; the committer is the person who runs devassist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A change set after the rules: what is committed, what is left out and why, what a person should see and why."""

    paths: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    deleted: int
    noted: tuple[tuple[str, str], ...] = ()


@dataclass
class Delivery:
    """The handoffs and commits of one task."""

    context: RunContext
    worktrees: RunWorktrees
    task: PlanTask
    returned: set[tuple[str, int, Objection]] = field(default_factory=set)
    """What agents, by role and round, had a handoff sent back for."""

    def record(self, fact: Fact, role: Role, *, parent: str = "") -> Record:
        """Record a fact of one of the task's agents."""
        agent = agent_id(self.task.id, role)
        (record,) = self.context.journal.record(Event(fact, task=self.task.id, agent=agent, parent=parent))
        return record

    def send_back(self, role: Role, round_: int, objection: Objection, reason: str) -> bool:
        """Record that a handoff goes back. False if this agent had its second chance with that already."""
        if (role, round_, objection) in self.returned:
            return False
        self.returned.add((role, round_, objection))
        returned = HandoffReturned(role=role, round=round_, reason=reason, objection=objection)
        self.record(returned, role)
        return True

    def written_by_tools(self) -> set[str]:
        """The paths that were written on purpose, not by a command on the way."""
        return self.context.journal.written_by_tools(self.task.id)

    def changed(self, role: Role) -> Mapping[str, str]:
        """What differs in an agent's worktree from its last commit: path -> content id."""
        return self.worktrees.changes(agent_id(self.task.id, role), self.written_by_tools())

    def refuse_write(self, role: Role, path: str) -> str:
        """Why a file written at this path could not land; empty if it can."""
        written = self.written_by_tools()
        return self.worktrees.refuse_write(agent_id(self.task.id, role), path, written=written)

    def diff(self, role: Role, start: str) -> str:
        """What the task changed, as it would be committed: without products, setup's files and the person's own."""
        opened = self.worktrees.of(agent_id(self.task.id, role))
        mine = [path for path in self.changed(role) if path not in opened.copied]
        hidden = self.context.hidden_in(self.task.id)
        return visible_diff(self.context.repository, start, opened.worktree.state_tree(mine), hidden)

    def warn(self, judged: Judged, role: Role) -> None:
        """Record what of an agent's work was left out of the commit, and what in it a person should know of."""
        warnings = [(path, f"was left out of the commit: {reason}") for path, reason in judged.left_out]
        warnings += [(path, f"was changed; it {reason}") for path, reason in judged.noted]
        for path, fact in warnings:
            self.record(WarningRaised(text=f"{agent_id(self.task.id, role)}: {path} {fact}", path=path), role)

    def judge(self, worktree: Worktree, role: Role) -> Judged:
        """Which of the worktree's changes are this agent's to commit."""
        written = {path for call in self.context.journal.calls(self.task.id) for path in call.wrote}
        tools_wrote = self.written_by_tools()
        changes = worktree.changes(tools_wrote)
        # A task may be about a lock file or a workflow: such a change is committed, with a warning.
        risks = {path: reason for path, reason in risky_paths(changes) if reason != sensitive(path)}
        keep: list[str] = []
        left: list[tuple[str, str]] = []
        opened = self.worktrees.of(agent_id(self.task.id, role))
        for change in changes:
            if opened.given.get(change.path) == change.blob:
                continue
            reason = self._reason_to_leave(change.paths, role, risks)
            if change.driver:
                reason = reason_of(change.driver)
            if change.path in opened.copied:
                reason = "it is the person's own untracked file"
            product = any(
                is_build_product(path, tracked_tops=self.worktrees.tracked_directories(), written=tools_wrote)
                for path in change.paths
            )
            if product and change.kind in ("added", "symlink"):
                continue
            if reason:
                left.append((change.path, reason))
            else:
                keep.extend(change.paths)
        left += [(path, "a repository inside the worktree") for path in changes.embedded]
        left += self._ignored(worktree, written, changes)
        return Judged(
            paths=tuple(dict.fromkeys(keep)),
            left_out=tuple(left),
            deleted=sum(1 for change in changes if change.kind == "deleted" and change.path in keep),
            noted=tuple((path, why) for path in dict.fromkeys(keep) if (why := sensitive(path))),
        )

    def mass_deletion(self, judged: Judged) -> bool:
        """Whether so much is deleted that a person decides."""
        if not judged.deleted:
            return False
        tracked = sum(1 for _ in self.context.repository.paths_of(self.context.request.base))
        return is_mass_deletion(judged.deleted, tracked)

    def commit(self, worktree: Worktree, role: Role, round_: int, handoff: Handoff, judged: Judged) -> str:
        """The commit that holds the judged paths, recorded before and after; the old tip if there are none."""
        repository = self.context.repository
        if not judged.paths:
            return worktree.head_commit
        old = worktree.head_commit
        intent = CommitIntended(role=role, branch=worktree.branch or "", old=old, paths=judged.paths)
        record = self.record(intent, role)
        # Every agent reads the history, messages included.
        withheld = self.context.request.secrecy.withholds(self.task, None)
        summary = "" if withheld else handoff.summary.strip()
        message = with_trailers(
            summary.splitlines()[0][:72] if summary else self.task.title,
            summary,
            {
                "Devassist-Run": self.context.run,
                "Devassist-Task": self.task.id,
                "Devassist-Agent": agent_id(self.task.id, role),
                "Devassist-Event": record.id,
            },
        )
        committer = repository.signature(self.context.environment)
        commit = worktree.commit(judged.paths, message, author=AUTHOR, committer=committer)
        if commit is None:
            return old
        reach("commit.event")
        created = CommitCreated(
            commit=commit,
            tree=repository.tree_of(commit),
            parents=(old,),
            branch=worktree.branch or "",
            role=role,
            round=round_,
            paths=judged.paths,
            left_out=judged.left_out,
        )
        self.record(created, role, parent=record.id)
        return commit

    def recover(self, worktree: Worktree, role: Role, intent: Record | None) -> CommitCreated:
        """
        A commit that was made and whose record was lost with the supervisor: recorded now.

        Raises RepositoryChanged if the branch's head is not the commit that was intended.
        """
        head, repository = worktree.head_commit, self.context.repository
        facts = next(iter(repository.log(head, limit=1)))
        intended = intent.body if intent is not None else None
        if (
            intent is None
            or not isinstance(intended, CommitIntended)
            or facts.trailers.get("Devassist-Event") != intent.id
        ):
            raise RepositoryChanged(f"branch {worktree.branch} was moved to {head[:12]} by somebody else")
        created = CommitCreated(
            commit=head,
            tree=repository.tree_of(head),
            parents=(intended.old,),
            branch=worktree.branch or "",
            role=role,
            paths=intended.paths,
            recovered=True,
        )
        self.record(created, role, parent=intent.id)
        return created

    def record_verdict(self, role: Role, handoff: Handoff, commit: str, *, submitted: str) -> None:
        """A reviewer's verdict is a decision; what it counts as, if that is not what was submitted, the harness's."""
        as_submitted = handoff.verdict == submitted
        decision = DecisionMade(
            who=f"agent {agent_id(self.task.id, role)}" if as_submitted else "policy",
            question="is the change right?",
            options=tuple(ReviewVerdict),
            choice=handoff.verdict,
            reason=handoff.summary if as_submitted else approved_errors(handoff.findings),
            confidence=handoff.confidence,
            commit=commit,
        )
        self.record(decision, role)

    def refused_deletion(self, role: Role, judged: Judged) -> Submission | None:
        """None if a person has approved exactly this deletion. Raises Parked while nobody has decided."""
        agent = agent_id(self.task.id, role)
        question = f"delete {judged.deleted} files, as {agent} did?"
        if self.context.settings.approvals.of(ApprovalClass.MASS_DELETION)[0] == ApprovalMode.NEVER:
            return Submission(accepted=False, failed=True, text=f"{question} Nobody is asked in this run.")
        tree = self.worktrees.of(agent).worktree.state_tree()
        request = ApprovalRequest(
            kind="mass-deletion",
            question=question,
            binds_to=tree,
            task=self.task.id,
            agent=agent,
            shown=Shown(tree=tree, deleted=judged.deleted),
        )
        decided = require_decision(self.context, request)
        if decided.status is ApprovalStatus.APPROVED:
            return None
        return Submission(accepted=False, text=f"a person rejects it: {decided.reason or question}")

    def _reason_to_leave(self, paths: Sequence[str], role: Role, risks: Mapping[str, str]) -> str:
        if not may_write(role):
            return f"a {role} changes nothing"
        hidden = self.context.hidden_in(self.task.id)
        for path in paths:
            if hidden.cover(path):
                return "it is private, and this task is not"
            if path in risks:
                return risks[path]
            scope = [*self.task.scope, *granted_scope(self.context, self.task.id)]
            if self.task.scope and not in_scope(path, scope):
                return "outside the task's scope"
        return ""

    def _ignored(
        self, worktree: Worktree, written: set[str], changes: ChangeSet
    ) -> Sequence[tuple[str, str]]:
        """Files that a command made and that git ignores by now: reported, because the agent may count on them."""
        unseen = [path for path in sorted(written - set(changes.paths)) if (worktree.path / path).exists()]
        if not unseen:
            return []
        tracked = set(self.context.repository.paths_of(worktree.head_commit))
        return [(path, "the repository ignores it") for path in unseen if path not in tracked]

"""What happens to a handoff: claims held against the log, the change set judged, then committed by the harness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devassist.domain.approvals import ApprovalStatus
from devassist.domain.changes import (
    ChangeSet,
    in_scope,
    is_build_product,
    is_mass_deletion,
)
from devassist.domain.errors import RepositoryChanged
from devassist.domain.events import Event, EventType, Record
from devassist.domain.failpoints import reach
from devassist.domain.handoffs import CheckedClaim, Claim, Handoff, Verdict, check_claim
from devassist.domain.ids import agent_id
from devassist.domain.plan import PlanTask
from devassist.domain.risks import risky_paths, sensitive
from devassist.domain.roles import COMMAND_TOOLS, Role, may_write
from devassist.engine.approval_requests import Ask, granted_scope, require
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.git.objects.identity import Signature
from devassist.git.objects.trailers import with_trailers
from devassist.git.worktree.worktree import Worktree
from devassist.ports import Submission

AUTHOR = Signature("devassist", "devassist@localhost")
"""The author of every agent's commit; the committer is the person who runs devassist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A change set after the rules: what is committed, what is left out with the reason, what a person should see."""

    paths: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    deleted: int
    noted: tuple[tuple[str, str], ...] = ()


def make_handoff(role: Role, given: Mapping[str, Any], *, intent: str, artifacts: Sequence[str]) -> Handoff:
    """A submit's arguments as the structured handoff."""
    kind = {Role.ORCHESTRATOR: "plan", Role.RESEARCHER: "brief", Role.REVIEWER: "review"}.get(role, "work")
    findings = [one if isinstance(one, Mapping) else {"text": str(one)} for one in given.get("findings", ())]
    urgent = given.get("verdict") == "request_changes"
    return Handoff(
        kind=kind,
        summary=str(given.get("summary") or given.get("rationale") or ""),
        confidence=float(given["confidence"]),
        intent=intent,
        urgency="high" if urgent else "normal",
        artifacts=tuple(artifacts),
        claims=tuple(
            Claim(statement=one["statement"], evidence=one.get("evidence", ""))
            for one in given.get("claims", ())
        ),
        open_questions=tuple(given.get("open_questions", ())),
        findings=tuple(findings),
        verdict=str(given.get("verdict", "")),
    )


@dataclass
class Delivery:
    """The handoffs and commits of one task."""

    context: RunContext
    worktrees: RunWorktrees
    task: PlanTask
    returned: set[tuple[str, int]] = field(default_factory=set)

    def event(self, type_: EventType, role: str, data: Mapping[str, Any], *, parent: str = "") -> Event:
        return Event(
            type=type_, task=self.task.id, agent=agent_id(self.task.id, role), parent=parent, data=data
        )

    def send_back(self, role: str, round_: int, reason: str) -> bool:
        """Record that a handoff goes back. False when this agent had its second chance already."""
        if (role, round_) in self.returned:
            return False
        self.returned.add((role, round_))
        data = {"role": role, "round": round_, "reason": reason}
        self.context.journal.record(self.event(EventType.HANDOFF_RETURNED, role, data))
        return True

    def check_claims(self, role: str, handoff: Handoff, *, parent: str) -> Sequence[CheckedClaim]:
        """Every claim against the log, each a record; those that are not borne out."""
        journal = self.context.journal
        calls = journal.calls(self.task.id)
        checked = [
            check_claim(claim, task=self.task.id, log=journal.evidence, calls=calls)
            for claim in handoff.claims
        ]
        journal.record(
            *(
                self.event(
                    EventType.CLAIM_CHECKED,
                    role,
                    {
                        "statement": one.claim.statement,
                        "evidence": one.claim.evidence,
                        "verdict": str(one.verdict),
                        "reason": one.reason,
                    },
                    parent=parent,
                )
                for one in checked
            )
        )
        return [one for one in checked if one.verdict is not Verdict.VERIFIED]

    def written_by_tools(self) -> set[str]:
        """The paths that were written on purpose, not by a command on the way."""
        calls = self.context.journal.calls(self.task.id)
        return {path for call in calls if call.tool not in COMMAND_TOOLS for path in call.wrote}

    def judge(self, worktree: Worktree, role: Role) -> Judged:
        """Which of the worktree's changes are this agent's to commit."""
        changes = worktree.changes()
        written = {path for call in self.context.journal.calls(self.task.id) for path in call.wrote}
        tools_wrote = self.written_by_tools()
        # A task may be about a lock file or a workflow: such a change is committed, and said.
        risks = {path: reason for path, reason in risky_paths(changes) if reason != sensitive(path)}
        keep: list[str] = []
        left: list[tuple[str, str]] = []
        opened = self.worktrees.of(agent_id(self.task.id, role))
        for change in changes:
            if opened.given.get(change.path) == change.blob:
                continue
            reason = self._reason_to_leave(change.paths, role, risks)
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
        if not judged.deleted:
            return False
        tracked = sum(1 for _ in self.context.repository.paths_of(self.context.request.base))
        return is_mass_deletion(judged.deleted, tracked)

    def commit(self, worktree: Worktree, role: Role, round_: int, handoff: Handoff, judged: Judged) -> str:
        """The commit that holds the judged paths, recorded before and after; the old tip when there are none."""
        journal, repository = self.context.journal, self.context.repository
        if not judged.paths:
            return worktree.head_commit
        old = worktree.head_commit
        intent = {"role": str(role), "branch": worktree.branch, "old": old, "paths": list(judged.paths)}
        (record,) = journal.record(self.event(EventType.COMMIT_INTENDED, role, intent))
        first = handoff.summary.strip().splitlines()[0][:72] if handoff.summary.strip() else self.task.title
        message = with_trailers(
            first,
            handoff.summary.strip(),
            {
                "Devassist-Run": self.context.run,
                "Devassist-Task": self.task.id,
                "Devassist-Agent": agent_id(self.task.id, role),
                "Devassist-Event": record.id,
            },
        )
        commit = worktree.commit(
            judged.paths,
            message,
            author=AUTHOR,
            committer=repository.signature(self.context.environment),
        )
        if commit is None:
            return old
        reach("commit.event")
        data = {
            "commit": commit,
            "tree": repository.tree_of(commit),
            "parents": [old],
            "branch": worktree.branch,
            "role": str(role),
            "round": round_,
            "paths": list(judged.paths),
            "left_out": [list(one) for one in judged.left_out],
        }
        journal.record(self.event(EventType.COMMIT_CREATED, role, data, parent=record.id))
        return commit

    def recovered(self, worktree: Worktree, role: str, intent: Record | None) -> tuple[str, tuple[str, ...]]:
        """
        A commit that was made and whose record was lost with the supervisor, and its paths: recorded now.

        Raises RepositoryChanged when the branch's head is not the commit that was intended.
        """
        head = worktree.head_commit
        repository = self.context.repository
        facts = next(iter(repository.log(head, limit=1)))
        if intent is None or facts.trailers.get("Devassist-Event") != intent.id:
            raise RepositoryChanged(f"branch {worktree.branch} was moved to {head[:12]} by somebody else")
        paths = tuple(intent.data["paths"])
        data = {
            "commit": head,
            "tree": repository.tree_of(head),
            "parents": [intent.data["old"]],
            "branch": worktree.branch,
            "role": role,
            "paths": list(paths),
            "recovered": True,
        }
        self.context.journal.record(self.event(EventType.COMMIT_CREATED, role, data, parent=intent.id))
        return head, paths

    def record_verdict(self, role: str, said: Handoff, commit: str) -> None:
        """A reviewer's verdict is a decision."""
        decision = {
            "who": f"agent {agent_id(self.task.id, role)}",
            "question": "is the change right?",
            "options": ["approve", "request_changes"],
            "choice": said.verdict,
            "reason": said.summary,
            "confidence": said.confidence,
            "commit": commit,
        }
        self.context.journal.record(self.event(EventType.DECISION_MADE, role, decision))

    def refused_deletion(self, role: str, judged: Judged) -> Submission | None:
        """None if a person has approved exactly this deletion. Raises Parked while nobody has decided."""
        question = f"delete {judged.deleted} files, as {agent_id(self.task.id, role)} did?"
        if self.context.settings.approvals.of("mass-deletion")[0] == "never":
            return Submission(accepted=False, failed=True, text=f"{question} Nobody is asked in this run.")
        tree = self.worktrees.of(agent_id(self.task.id, role)).worktree.state_tree()
        ask = Ask(
            kind="mass-deletion",
            question=question,
            binds_to=tree,
            task=self.task.id,
            agent=agent_id(self.task.id, role),
            shown={"tree": tree, "deleted": judged.deleted},
        )
        found = require(self.context, ask)
        if found.status is ApprovalStatus.APPROVED:
            return None
        return Submission(accepted=False, text=f"a person rejects it: {found.reason or question}")

    def _granted(self) -> list[str]:
        return granted_scope(self.context, self.task.id)

    def _reason_to_leave(self, paths: Sequence[str], role: Role, risks: Mapping[str, str]) -> str:
        if not may_write(role):
            return f"a {role} changes nothing"
        for path in paths:
            if path in risks:
                return risks[path]
            if self.task.scope and not in_scope(path, [*self.task.scope, *self._granted()]):
                return "outside the task's scope"
        return ""

    def _ignored(
        self, worktree: Worktree, written: set[str], changes: ChangeSet
    ) -> Sequence[tuple[str, str]]:
        """Files that a write tool made and that git ignores: said, because the agent may count on them."""
        unseen = [path for path in sorted(written - set(changes.paths)) if (worktree.path / path).exists()]
        if not unseen:
            return []
        tracked = set(self.context.repository.paths_of(worktree.head_commit))
        return [(path, "the repository ignores it") for path in unseen if path not in tracked]

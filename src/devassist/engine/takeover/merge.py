"""What a person does with a finished run: take it over into a branch or the files, or let it go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from devassist.domain.errors import RepositoryError, Unfinished
from devassist.domain.events import (
    Event,
    Fact,
    MergeApproved,
    MergeCompleted,
    MergeIntended,
    RunApplied,
    RunDiscarded,
    SnapshotTaken,
    WorktreeKept,
    WorktreeRemoved,
)
from devassist.domain.ids import rescue_ref, result_branch
from devassist.domain.state.run import RunState
from devassist.git.merging.merge import commit_merge, merge_in_memory
from devassist.git.objects.trailers import with_trailers
from devassist.git.repository import Repository
from devassist.git.signing import signed_commit, wants_signature
from devassist.git.worktree.checkout import (
    CheckedOut,
    apply_to_workdir,
    checkout_branch_to,
    refuse_unmovable,
)
from devassist.git.worktree.listing import WorktreeState, list_worktrees
from devassist.git.worktree.worktrees import find_worktree
from devassist.ports import Recorder


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """Acts on one finished run, each act recorded before and after. `head` is the audit log's newest link."""

    repository: Repository
    recorder: Recorder
    state: RunState
    environment: Mapping[str, str]
    head: Callable[[], tuple[int, bytes]]
    database: str

    def merge(self, result: str, *, into: str | None, squash: bool, sign: bool = True) -> CheckedOut:
        """Merge the result into a branch, the checked-out one by default. Nothing is touched when it conflicts."""
        repository = self.repository
        branch = into or repository.head_branch
        if branch is None:
            raise RepositoryError(
                "HEAD is detached, so there is no branch to merge into", hint="--into BRANCH"
            )
        old = repository.branch_tip(branch)
        if old is None:
            raise RepositoryError(f"there is no branch {branch}", hint=f"git branch {branch}")
        refuse_unmovable(repository, branch)
        if repository.merge_base(old, result) is None and repository.is_shallow:
            raise RepositoryError(
                f"no common ancestor of {branch} and the result is here, since the clone is shallow",
                hint="git fetch --unshallow",
            )
        if repository.merge_base(old, result) is None:
            raise RepositoryError(
                f"{branch} and the result of {self.state.run} share no history; nothing was changed",
                hint=f"git merge --allow-unrelated-histories {result_branch(self.state.run)} merges them by hand",
            )
        if repository.is_ancestor(result, old):
            raise RepositoryError(f"{branch} has the result of {self.state.run} already")
        merged = merge_in_memory(repository, old, result, environment=self.environment)
        if merged.tree is None:
            paths = ", ".join(sorted({one.path for one in merged.conflicts}))
            raise Unfinished(
                f"the result of {self.state.run} conflicts with {branch} in {paths}; nothing was touched",
                hint=f"git merge {result_branch(self.state.run)} resolves it by hand",
            )
        ref = f"refs/heads/{branch}"
        self._record(MergeApproved(approver="person", ours=old, theirs=result, tree=merged.tree, ref=ref))
        self._record(
            MergeIntended(ref=ref, old=old, ours=old, theirs=result, tree=merged.tree, approver="person")
        )
        seq, link = self.head()
        parents = [old] if squash else [old, result]
        commit = self.commit(merged.tree, parents, self._merge_message(seq, link, squash=squash), sign=sign)
        message = f"devassist: merge {self.state.run}"
        done = checkout_branch_to(repository, branch, commit, old=old, message=message)
        completed = MergeCompleted(
            commit=commit,
            tree=merged.tree,
            parents=tuple(parents),
            ref=ref,
            audit_head=f"{seq}:{link.hex()}",
            approver="person",
        )
        self._record(completed)
        return done

    def apply(self, base: str, result: str) -> Sequence[str]:
        """Write the result's net change into the person's files and index, uncommitted."""
        repository = self.repository
        trees = [repository.tree_of(commit) for commit in (base, result)]
        paths = apply_to_workdir(repository, trees[0], trees[1])
        self._record(RunApplied(base=base, result=result, paths=tuple(paths)))
        return paths

    def discard(self) -> Sequence[str]:
        """
        Remove the run's worktrees and branches; the names of those that were let go.

        Every branch tip and all uncommitted work stay reachable below refs/devassist/rescue/<run>.
        """
        repository, run = self.repository, self.state.run
        gone: list[str] = []
        for found in self.worktrees():
            if not found.missing:
                self._let_go(found)
                gone.append(str(found.path))
        for ref in repository.ref_names(f"refs/heads/devassist/{run}/"):
            tip = repository.ref_tip(ref)
            if tip is None:
                continue
            name = ref.removeprefix(f"refs/heads/devassist/{run}/")
            kept = rescue_ref(run, f"branches/{name}")
            if repository.ref_tip(kept) is None:
                repository.create_ref(kept, tip, "devassist: kept at discard")
            repository.delete_ref(ref, old=tip)
            gone.append(ref.removeprefix("refs/heads/"))
        self._record(RunDiscarded(removed=tuple(gone)))
        return gone

    def worktrees(self) -> Sequence[WorktreeState]:
        prefix = f"da-{self.state.run}-"
        return [one for one in list_worktrees(self.repository) if one.name.startswith(prefix)]

    def _let_go(self, found: WorktreeState) -> None:
        worktree = find_worktree(self.repository, name=found.name, path=found.path, branch=found.branch)
        ref = rescue_ref(self.state.run, found.name.removeprefix(f"da-{self.state.run}-"))
        commit = worktree.snapshot(ref, by=self.repository.signature(self.environment))
        if commit is not None:
            self._record(SnapshotTaken(ref=ref, commit=commit, worktree=str(found.path)))
        reason = worktree.remove(kept=[commit] if commit else [])
        path, branch = str(found.path), found.branch
        removed = WorktreeRemoved(path=path, branch=branch, reason="discarded")
        self._record(WorktreeKept(path=path, branch=branch, reason=reason) if reason else removed)

    def _merge_message(self, seq: int, link: bytes, *, squash: bool) -> str:
        state = self.state
        trailers = {
            "Devassist-Run": state.run,
            "Audit-Head": f"{seq}:{link.hex()}",
            "Audit-Database": self.database,
        }
        landed = "\n".join(f"- {task.id}: {task.title}" for task in state.work() if task.status == "merged")
        subject = (state.goal.splitlines() or [f"Run {state.run}"])[0][:72]
        title = subject if squash else f"Merge run {state.run}: {subject}"[:100]
        return with_trailers(title, landed, trailers)

    def commit(self, tree: str, parents: Sequence[str], message: str, *, sign: bool) -> str:
        """A commit of the person's, on no branch yet, signed where the person's configuration asks for it."""
        repository = self.repository
        who = repository.signature(self.environment)
        if sign and wants_signature(repository):
            return signed_commit(
                repository, tree=tree, parents=parents, message=message, who=who, environment=self.environment
            )
        return commit_merge(
            repository, tree=tree, parents=parents, message=message, author=who, committer=who
        )

    def _record(self, fact: Fact) -> None:
        self.recorder.record(Event(fact, run=self.state.run))

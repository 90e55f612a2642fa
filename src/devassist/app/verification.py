"""Verifies the audit log against its anchors: the heads file, and the trailers of commits."""

from __future__ import annotations

from devassist.app.wiring.project import Project
from devassist.domain.errors import NotFound
from devassist.store.heads import Anchor, path_tag, read_heads
from devassist.store.verify import Problem, Verification, verify

__all__ = ["Problem", "Verification", "verify_log"]


def verify_log(project: Project) -> Verification:
    """Verify the log of `project`. Raises NotFound if there is none and no anchor says that there was one."""
    heads = read_heads(project.heads_file)
    if not project.audit_path.exists():
        anchors = [anchor for anchor in heads if anchor.path_tag == path_tag(project.audit_path)]
        if not anchors:
            raise NotFound("there is no audit log yet", hint="start a run with 'devassist run GOAL'")
        last = anchors[-1]
        detail = f"the log is gone: {project.heads_file} holds anchors of it, the last of {last.at}"
        gone = Problem(last.seq, "missing", detail)
        return Verification(ok=False, events=0, anchored_to=None, problems=(gone,))
    commits = [
        Anchor(
            seq=trailer.seq,
            hash=bytes.fromhex(trailer.hash),
            source=f"commit {trailer.commit}",
            database_id=trailer.database,
        )
        for trailer in project.repository.history_anchors()
    ]
    return verify(project.audit_path, heads=heads, commit_heads=commits)

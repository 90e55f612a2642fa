"""Verifies the audit log against its anchors: the heads file, and the trailers of commits."""

from __future__ import annotations

from typing import Any

from devassist.app.wiring.project import Project
from devassist.domain.errors import NotFound
from devassist.store.heads import Anchor, path_tag, read_heads
from devassist.store.verify import verify


def verify_log(project: Project) -> dict[str, Any]:
    """The verification of contract 5, without its envelope."""
    heads = read_heads(project.heads_file)
    if not project.audit_path.exists():
        here = [one for one in heads if one.path_tag == path_tag(project.audit_path)]
        if not here:
            raise NotFound("there is no audit log yet", hint="start a run with 'devassist run GOAL'")
        detail = f"the log is gone: {project.heads_file} holds anchors of it, the last of {here[-1].at}"
        gone = {"seq": here[-1].seq, "kind": "missing", "detail": detail}
        return {"ok": False, "events": 0, "anchored_to": None, "problems": [gone]}
    commits = [
        Anchor(
            seq=one.seq, hash=bytes.fromhex(one.hash), source=f"commit {one.commit}", database_id=one.database
        )
        for one in project.repository.history_anchors()
    ]
    return verify(project.audit_path, heads=heads, commit_heads=commits).as_json()

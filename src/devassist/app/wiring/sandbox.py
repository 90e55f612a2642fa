"""Probes which sandbox works on this machine."""

from __future__ import annotations

from devassist.app.wiring.project import Project
from devassist.sandbox.probe import Probe, choose


def probe_sandbox(project: Project) -> Probe:
    scratch = project.host.state_dir / "probe"
    scratch.mkdir(parents=True, exist_ok=True)
    return choose(project.settings.sandbox.mode, scratch=scratch)

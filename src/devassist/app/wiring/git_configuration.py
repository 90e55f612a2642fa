"""Makes this process and the git commands that it starts read the configuration that the environment names."""

from __future__ import annotations

from collections.abc import Sequence

from devassist.app.wiring.host import Host
from devassist.git.configuration import read_configuration


def read_git_configuration(host: Host, *, more: Sequence[str] = ()) -> None:
    """As git would from this host's environment and directory; `more` are files to include as well."""
    read_configuration(
        host.environment,
        home=host.home,
        directory=host.directory,
        below=host.state_dir / "git-configuration",
        more=more,
    )

"""This process as the log records the owner of a run."""

from __future__ import annotations

import os
import sys

from devassist.app.runs.ownership import process_started
from devassist.app.wiring.host import boot_id
from devassist.app.wiring.versions import versions
from devassist.domain.events import Owner


def this_process(*, detached: bool) -> Owner:
    """The owner of a run in this process; `detached` if the run is in the background."""
    return Owner(
        argv=tuple(sys.argv[1:]),
        versions=versions(),
        pid=os.getpid(),
        process_started=process_started(os.getpid()),
        boot_id=boot_id(),
        detached=detached,
    )

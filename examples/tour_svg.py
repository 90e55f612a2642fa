"""
Makes examples/tour.svg, the picture in the README's tour, from a real run.

    python examples/tour_svg.py [TARGET [REPOSITORY]]

Without REPOSITORY it runs `devassist demo` first. What is drawn is the run's own log: its busiest moment, and its end.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console, Group
from rich.text import Text

from devassist.app.demo.sample import make_demo
from devassist.app.runs.running import start_run
from devassist.app.wiring.host import Host
from devassist.app.wiring.project import open_project, open_reader
from devassist.cli.view.live_screen import LiveScreen, Screen
from devassist.cli.view.render import run_summary
from devassist.domain.events import Record
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import TaskStatus
from devassist.store.filters import EventFilter

WIDTH = 96


def records_of(repository: Path, host: Host) -> Sequence[Record]:
    """The events of the newest run of a repository."""
    project = open_project(Host(environment=host.environment, directory=repository))
    with open_reader(project) as reader:
        return list(reader.events(EventFilter(run=reader.find_run("@last"))))


def run_demo(scratch: Path) -> Sequence[Record]:
    """Run the demo below `scratch`, and read its log."""
    host = Host()
    environment = {**host.environment, "DEVASSIST_STATE_DIR": str(scratch / "state")}
    host = Host(environment=environment, directory=scratch)
    made = make_demo(host, scratch / "shop")
    start_run(made.project, made.options)
    return records_of(scratch / "shop", host)


def busiest(records: Sequence[Record]) -> int:
    """The place of the last record at which the most tasks were at work."""
    state, most, place = RunState(), 0, 0
    for at, record in enumerate(records):
        state.apply(record)
        busy = sum(task.status is TaskStatus.RUNNING for task in state.work())
        if busy >= most and any(
            agent.status == "running" for task in state.work() for agent in task.agents.values()
        ):
            most, place = busy, at
    return place


def draw(records: Sequence[Record]) -> str:
    """The SVG."""
    place = busiest(records)
    middle, end = RunState.fold(records[: place + 1]), RunState.fold(records)
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text("$ devassist demo", "bold"))
    now = datetime.fromisoformat(records[place].at)
    console.print(LiveScreen(middle, Screen(), now=now, begun=now))
    console.print(Group(Text(""), Text("... and at the end:", "dim"), Text("")))
    console.print(run_summary(end, "devassist {}".format))
    # Rich's fonts come from a server on the web; any monospace font of the reader's will do.
    return re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="devassist demo"), flags=re.DOTALL)


def main(arguments: Sequence[str]) -> None:
    """Write the picture."""
    target = Path(arguments[0]) if arguments else Path(__file__).with_name("tour.svg")
    if len(arguments) > 1:
        records = records_of(Path(arguments[1]).resolve(), Host())
    else:
        with tempfile.TemporaryDirectory(prefix="devassist-tour-") as scratch:
            records = run_demo(Path(scratch))
    target.write_text(draw(records), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Makes examples/tour.svg, the picture in the README's tour, from a real run of the demo."""

from __future__ import annotations

import io
import re
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from rich.console import Console, Group
from rich.text import Text

from devassist.bootstrap import Host, RunOptions, open_reader, start_run
from devassist.cli.render import live_view, run_summary
from devassist.demo.sample import make_demo
from devassist.domain.run import RunState
from devassist.domain.tasks import TaskStatus
from devassist.store.filters import EventFilter

WIDTH = 96


def main(target: Path) -> None:
    """Run the demo, then draw the busiest moment of its own log and its end."""
    with tempfile.TemporaryDirectory(prefix="devassist-tour-") as scratch:
        host = Host()
        environment = {**host.environment, "DEVASSIST_STATE_DIR": f"{scratch}/state"}
        made = make_demo(Host(environment=environment, directory=host.directory), Path(scratch) / "shop")
        state = start_run(made.project, RunOptions(goal=made.options.goal))
        with open_reader(made.project) as reader:
            records = list(reader.events(EventFilter(run=state.run)))
    moment = RunState()
    busiest, seen = records[0], -1
    for record in records:
        moment.apply(record)
        busy = sum(task.status is TaskStatus.RUNNING for task in moment.tasks.values())
        if busy >= seen and moment.plan is not None:
            busiest, seen = record, busy
    middle = RunState.fold(records[: records.index(busiest) + 1])
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    now = datetime.fromisoformat(busiest.at)
    console.print(Text("$ devassist demo", "bold"))
    console.print(live_view(middle, now=now, width=WIDTH))
    console.print(Group(Text(""), Text("... and at the end:", "dim"), Text("")))
    console.print(run_summary(state))
    # Rich's fonts come from a server on the web; any monospace font of the reader's will do.
    svg = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="devassist demo"), flags=re.DOTALL)
    target.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("tour.svg"))

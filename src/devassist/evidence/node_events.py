"""What our reporter for Node's own test runner wrote."""

from __future__ import annotations

from pathlib import Path

import msgspec

from devassist.domain.ledger import CaseStatus
from devassist.evidence.testimony import Testimony, weightier, within


class _Event(msgspec.Struct, frozen=True, tag_field="event"):
    """A line of the report."""


class CaseEnded(_Event, frozen=True, tag="case"):
    """`names` are the suites around the case and its own; `file` is absolute."""

    file: str
    names: list[str]
    status: CaseStatus


class Done(_Event, frozen=True, tag="done"):
    """Every file was run."""


Event = CaseEnded | Done
_DECODER = msgspec.json.Decoder(Event)


def testimony(report: bytes, *, tree: Path) -> Testimony:
    """What the cases came to; a file that had none is a case by its path."""
    cases: dict[str, CaseStatus] = {}
    done = False
    for line in report.splitlines():
        try:
            event: Event = _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        match event:
            case Done():
                done = True
            case CaseEnded(file=file, names=names, status=status):
                path = within(tree, file)
                words = [within(tree, name) for name in names]
                case = " > ".join(words if words[:1] == [path] else [path, *words] if path else words)
                cases[case] = weightier(cases.get(case), status)
    return Testimony(runners=frozenset({"node"}), cases=cases, complete=done)

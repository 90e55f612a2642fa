"""A report of conflicts as JSON (contract 6), as SARIF 2.1.0 and as Markdown. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from devassist.domain.conflicts import Conflict, Severity, Side

SCHEMA = "devassist.conflicts/1"
SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_RULES: Mapping[str, tuple[str, str]] = {
    "content": ("error", "Both branches change the same lines of a file"),
    "add-add": ("error", "Both branches add a file of this name with different content"),
    "modify-delete": ("error", "One branch changes what the other deletes"),
    "rename-delete": ("error", "One branch renames what the other deletes"),
    "rename-rename": ("error", "Both branches rename, to different names or onto one name"),
    "directory-file": ("error", "One branch has a directory where the other has a file"),
    "binary": ("error", "Both branches change a binary file"),
    "submodule": ("error", "Both branches move a submodule"),
    "mode": ("error", "The branches give a file different modes or types"),
    "removed-symbol-used": ("error", "One branch uses a symbol that the other removes"),
    "renamed-symbol-used": ("error", "One branch uses a symbol that the other renames"),
    "moved-symbol-used": ("error", "One branch uses a symbol from where the other moves it away"),
    "signature-changed-called": ("error", "One branch calls a function whose signature the other changes"),
    "duplicate-definition": ("error", "Both branches add a definition of the same name"),
    "same-symbol-edited": ("warning", "Both branches edit the same function in different lines"),
    "override-mismatch": ("error", "One branch changes what the other newly overrides or implements"),
    "duplicate-work": ("warning", "Both branches add nearly the same function"),
    "dependency-clash": ("error", "The branches ask for versions of a package that exclude each other"),
    "migration-collision": ("error", "Both branches add the next migration"),
    "lockfile-stale": ("warning", "A lock file that must be made anew, not merged as text"),
    "duplicate-route": ("error", "Both branches answer the same method and path"),
    "duplicate-command": ("error", "Both branches define a command of the same name"),
    "field-number-clash": ("error", "Both branches use a field number of a message for different fields"),
    "default-differs": ("warning", "The branches give a setting different values"),
    "new-diagnostic": ("error", "The type checker objects to the merged tree, but to neither branch"),
    "checks-fail-merged": ("error", "Checks that pass on each branch fail on the merged tree"),
}
_LONGEST = 60_000
"""Characters of Markdown; a comment on GitHub holds 65,536."""
_MOST_ROWS = 200
_MARKUP = re.compile(r"[\\`*_{}\[\]()#+!|~<>&\"'$-]")


def document(
    base: str,
    sides: Sequence[Side],
    conflicts: Sequence[Conflict],
    order: Sequence[str],
    stats: Mapping[str, Any],
) -> dict[str, Any]:
    """The report of contract 6; the worst conflicts first, else as they come."""
    severities = list(Severity)
    return {
        "schema": SCHEMA,
        "base": base,
        "branches": [_branch(side) for side in sides],
        "conflicts": [
            one.as_json() for one in sorted(conflicts, key=lambda one: severities.index(one.severity))
        ],
        "order": list(order),
        "stats": dict(stats),
    }


def _branch(side: Side) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": side.name, "commit": side.tip}
    return shown | {"uncommitted": True} if side.uncommitted else shown


def sarif(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report for code scanning: a rule per kind, a result per conflict."""
    conflicts: Sequence[Mapping[str, Any]] = report["conflicts"]
    kinds = sorted({str(one["kind"]) for one in conflicts})
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "devassist conflicts", "rules": [_rule(kind) for kind in kinds]}},
                "automationDetails": {"id": "devassist/conflicts/"},
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, kinds.index(one["kind"])) for one in conflicts],
                "properties": {key: report[key] for key in ("base", "branches", "order", "stats")},
            }
        ],
    }


def _rule(kind: str) -> dict[str, Any]:
    level, says = _RULES.get(kind, ("warning", f"Conflict of kind {kind}"))
    return {
        "id": kind,
        "name": "".join(part.capitalize() for part in kind.split("-")),
        "shortDescription": {"text": says},
        "fullDescription": {"text": f"{says}."},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["merge-conflict"]},
    }


def _result(conflict: Mapping[str, Any], rule: int) -> dict[str, Any]:
    places = [_place(one) for one in conflict["locations"]]
    if not places:
        places = [{"physicalLocation": {"artifactLocation": _artifact(conflict["path"])}}]
    says = ". ".join(part for part in (conflict["explanation"], conflict["suggestion"]) if part)
    found: dict[str, Any] = {
        "ruleId": conflict["kind"],
        "ruleIndex": rule,
        "level": conflict["severity"],
        "message": {"text": says or f"{conflict['kind']} in {conflict['path']}"},
        "locations": places[:1],
        "fingerprints": {"devassist/conflict/v1": conflict["id"]},
        "partialFingerprints": {"devassistConflict/v1": conflict["id"]},
        "properties": {
            "conflictLevel": conflict["level"],
            "branches": conflict["branches"],
            "symbol": conflict["symbol"],
            "status": conflict["status"],
        },
    }
    if len(places) > 1:
        found["relatedLocations"] = [{"id": number, **one} for number, one in enumerate(places[1:], 1)]
    if conflict["status"] in ("waived", "resolved"):
        found["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return found


def _place(location: Mapping[str, Any]) -> dict[str, Any]:
    start = max(1, int(location["start_line"]))
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(location["path"]),
            "region": {"startLine": start, "endLine": max(start, int(location["end_line"]))},
        },
        "message": {"text": f"on branch {location['branch']}"},
    }


def _artifact(path: str) -> dict[str, str]:
    """A path as a relative URI reference; bytes that are no UTF-8 are kept."""
    return {"uri": quote(path.encode("utf-8", "surrogateescape"), safe="/"), "uriBaseId": "%SRCROOT%"}


def markdown(report: Mapping[str, Any]) -> str:
    """The report as a comment on a pull request: a table, then a section per conflict."""
    conflicts: Sequence[Mapping[str, Any]] = report["conflicts"]
    lines = [
        f"## {_counted(len(conflicts), 'conflict')} between {_counted(len(report['branches']), 'branch')}",
        "",
    ]
    if conflicts:
        lines += ["| | Kind | Branches | What | Where |", "|---|---|---|---|---|"]
        lines += [_row(one) for one in conflicts[:_MOST_ROWS]]
        lines.append("")
    if report["order"]:
        lines += [f"Merge in this order: {', '.join(_code(name) for name in report['order'])}.", ""]
    return "\n".join(_within(lines, conflicts))


def _within(lines: Sequence[str], conflicts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Sections as long as there is room for them, and how many there was none for."""
    yield from lines
    room = _LONGEST - sum(len(line) + 1 for line in lines)
    for told, one in enumerate(conflicts):
        section = _section(one)
        room -= len(section) + 1
        if room < 0:
            left = len(conflicts) - told
            yield f"{_counted(left, 'more conflict')}: see `devassist conflicts`."
            return
        yield section


def _row(conflict: Mapping[str, Any]) -> str:
    branches = " · ".join(_code(name) for name in conflict["branches"])
    what = _code(conflict["symbol"] or conflict["path"])
    cells = [conflict["severity"], conflict["kind"], branches, what, _code(conflict["path"])]
    return f"| {' | '.join(cells)} |"


def _section(conflict: Mapping[str, Any]) -> str:
    lines = [
        f"### {conflict['severity']}: {conflict['kind']} of {_code(conflict['symbol'] or conflict['path'])}",
        "",
        f"{_plain(conflict['explanation'])}." if conflict["explanation"] else "",
        "",
    ]
    for one in conflict["locations"]:
        span = str(one["start_line"])
        if one["end_line"] > one["start_line"]:
            span += f"–{one['end_line']}"  # noqa: RUF001  a range of lines
        lines.append(f"- {_code(one['branch'])}: {_code(one['path'])}, line {span}")
    if conflict["suggestion"]:
        lines += ["", f"**To do:** {_plain(conflict['suggestion'])}."]
    status = "" if conflict["status"] == "open" else f" · {_plain(conflict['status'])}"
    lines += ["", f"<sub>{_plain(conflict['id'])} · {conflict['level']}{status}</sub>", ""]
    return "\n".join(lines)


def _counted(number: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{number or 'No'} {noun if number == 1 else plural}"


def _code(text: str) -> str:
    """A name in type of its own. An element, not backquotes: a table cannot hold every character in those."""
    return f"<code>{_escaped(text)}</code>"


def _plain(text: str) -> str:
    """A sentence in which nothing is markup, a link, or calls a person or an issue by name."""
    return re.sub(r"(@|&#35;|(?<=:)(?=//)|(?<=www))", "\\1\u200b", _escaped(text))


def _escaped(text: str) -> str:
    visible = "".join(
        " " if one in "\r\n\t" else "\ufffd" if unicodedata.category(one) in {"Cc", "Cf", "Cs"} else one
        for one in text
    )
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", visible)

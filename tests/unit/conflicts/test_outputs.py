"""A report of conflicts as JSON, SARIF and Markdown."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from devassist.conflicts.markdown import markdown
from devassist.conflicts.outputs import BranchRecord, ConflictReport, ConflictStats, by_severity
from devassist.conflicts.sarif import _RULES, sarif
from devassist.domain.conflicts import Conflict, ConflictKind, ConflictStatus, Level, Location, Severity, Side

SIDES = (
    Side(name="alpha", commit="a" * 40, tree="1" * 40),
    Side(name="beta", commit="b" * 40, tree="2" * 40),
)
STATS = ConflictStats(branches=2, pairs=1, pairs_merged=1, seconds=0.01)


def conflict(**changed: Any) -> Conflict:
    facts: dict[str, Any] = {
        "level": Level.MANIFEST,
        "kind": ConflictKind.DEPENDENCY_CLASH,
        "severity": Severity.ERROR,
        "branches": ("alpha", "beta"),
        "path": "pyproject.toml",
        "symbol": "lib",
        "locations": (
            Location(branch="alpha", path="pyproject.toml", start_line=4, end_line=4),
            Location(branch="beta", path="a b/ü.toml", start_line=7, end_line=9),
        ),
        "explanation": "alpha asks for lib >=3, beta for lib <3",
        "suggestion": "Agree on one",
    }
    return Conflict(**{**facts, **changed})


def report(*conflicts: Conflict) -> ConflictReport:
    return ConflictReport(
        base="c" * 40,
        branches=tuple(BranchRecord.of(side) for side in SIDES),
        conflicts=by_severity(conflicts),
        order=("beta", "alpha"),
        stats=STATS,
    )


def sarif_of(*conflicts: Conflict) -> Any:
    return json.loads(msgspec.json.encode(sarif(report(*conflicts))))


def test_the_document_has_the_shape_of_the_contract() -> None:
    document = json.loads(msgspec.json.encode(report(conflict())))
    assert list(document) == ["schema", "base", "branches", "conflicts", "order", "stats"]
    assert document["schema"] == "devassist.conflicts/1"
    assert document["branches"] == [
        {"name": "alpha", "commit": "a" * 40},
        {"name": "beta", "commit": "b" * 40},
    ]
    (only,) = document["conflicts"]
    assert " ".join(only) == (
        "id level kind severity branches path symbol locations explanation suggestion status"
    )
    assert list(only["locations"][0]) == ["branch", "path", "start_line", "end_line"]
    assert document["stats"] == {"branches": 2, "pairs": 1, "pairs_merged": 1, "seconds": 0.01}


def test_uncommitted_work_is_marked_only_where_there_is_some() -> None:
    side = Side(name="alpha", commit="b" * 40, tree="1" * 40, head="a" * 40)
    assert msgspec.to_builtins(BranchRecord.of(side)) == {
        "name": "alpha",
        "commit": "a" * 40,
        "uncommitted": True,
    }


def test_the_worst_comes_first_and_equals_stay_in_order() -> None:
    note, first, second = conflict(severity=Severity.NOTE), conflict(symbol="one"), conflict(symbol="two")
    assert [record.symbol for record in report(note, first, second).conflicts] == ["one", "two", "lib"]


def test_every_kind_of_the_contract_is_a_rule() -> None:
    kinds = """content add-add modify-delete rename-delete rename-rename directory-file binary submodule mode
    removed-symbol-used renamed-symbol-used moved-symbol-used signature-changed-called duplicate-definition
    same-symbol-edited override-mismatch duplicate-work dependency-clash migration-collision lockfile-stale
    duplicate-route duplicate-command field-number-clash default-differs new-diagnostic checks-fail-merged"""
    assert set(_RULES) == set(ConflictKind) == set(kinds.split())


def test_sarif_has_what_the_specification_requires() -> None:
    lock = conflict(kind=ConflictKind.LOCKFILE_STALE, severity=Severity.WARNING, symbol="uv.lock")
    found = sarif_of(conflict(), lock)
    assert found["version"] == "2.1.0"
    assert found["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = found["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"]
    assert [rule["id"] for rule in rules] == ["dependency-clash", "lockfile-stale"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        for place in [*result["locations"], *result.get("relatedLocations", [])]:
            physical = place["physicalLocation"]
            assert re.fullmatch(r"[\w./%-]+", physical["artifactLocation"]["uri"], re.ASCII)
            assert 1 <= physical["region"]["startLine"] <= physical["region"]["endLine"]


def test_sarif_names_both_branches_places() -> None:
    (result,) = sarif_of(conflict())["runs"][0]["results"]
    (first,) = result["locations"]
    (other,) = result["relatedLocations"]
    assert first["message"]["text"] == "on branch alpha"
    assert other["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b/%C3%BC.toml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 7, "endLine": 9},
    }


def test_sarif_fingerprints_do_not_depend_on_lines_or_words() -> None:
    moved = conflict(
        locations=(Location(branch="alpha", path="x", start_line=99, end_line=99),), explanation="other"
    )
    one, other = (sarif_of(which)["runs"][0]["results"][0] for which in (conflict(), moved))
    assert one["fingerprints"] == other["fingerprints"] == {"devassist/conflict/v1": conflict().id}
    assert one["partialFingerprints"] == other["partialFingerprints"]


def test_sarif_without_lines_points_at_the_file() -> None:
    (result,) = sarif_of(conflict(locations=(), explanation="", suggestion=""))["runs"][0]["results"]
    assert result["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "pyproject.toml", "uriBaseId": "%SRCROOT%"}}}
    ]
    assert result["message"]["text"]


def test_what_is_waived_is_suppressed() -> None:
    (result,) = sarif_of(conflict(status=ConflictStatus.WAIVED))["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "external", "status": "accepted"}]


def test_markdown_is_a_table_and_a_section_each() -> None:
    assert markdown(report(conflict())) == (
        "## 1 conflict between 2 branches\n"
        "\n"
        "| | Kind | Branches | What | Where |\n"
        "|---|---|---|---|---|\n"
        "| error | dependency-clash | <code>alpha</code> · <code>beta</code> | <code>lib</code>"
        " | <code>pyproject.toml</code> |\n"
        "\n"
        "Merge in this order: <code>beta</code>, <code>alpha</code>.\n"
        "\n"
        "### error: dependency-clash of <code>lib</code>\n"
        "\n"
        "alpha asks for lib &#62;=3, beta for lib &#60;3.\n"
        "\n"
        "- <code>alpha</code>: <code>pyproject.toml</code>, line 4\n"
        "- <code>beta</code>: <code>a b/ü.toml</code>, line 7\u20139\n"
        "\n"
        "**To do:** Agree on one.\n"
        "\n"
        f"<sub>{conflict().id.replace('-', '&#45;')} · manifest</sub>\n"
    )


def test_markdown_of_nothing() -> None:
    assert markdown(report()).startswith("## No conflicts between 2 branches\n")


@pytest.mark.parametrize(
    "name",
    [
        "a|b",
        "`x`",
        "<script>",
        "[x](http://e)",
        "**b**",
        "a\n| b |",
        "@octocat",
        "#12",
        "www.e.org",
        "&lt;",
        "a\u202eb",
    ],
)
def test_markdown_takes_every_name_for_a_name(name: str) -> None:
    text = markdown(
        report(conflict(symbol=name, branches=("alpha", name), path=name, explanation=f"{name} is bad"))
    )
    outside = re.sub(r"<code>[^<>]*</code>", "", text)
    assert name not in outside
    row = next(line for line in text.split("\n") if line.startswith("| error"))
    assert row.count("|") == 6
    assert not re.search(r"[`*\[<](?!/?code>)", row)
    assert "\u202e" not in text


def test_markdown_fits_into_a_comment() -> None:
    many = [conflict(symbol=f"lib{number}", explanation="x" * 300) for number in range(400)]
    text = markdown(report(*many))
    assert len(text) < 65_536
    assert re.search(r"\d+ more conflicts: see `devassist conflicts`\.$", text)

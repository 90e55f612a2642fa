"""Reports: every form tells the same run, at any moment of it, and no word of an agent is more than a word."""

from __future__ import annotations

import json
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from devassist.domain.events import EventType
from devassist.domain.markup import block, code, line, prose
from devassist.reports.document import conflicts_sarif, document
from devassist.reports.junit import junit
from devassist.reports.markdown import markdown
from devassist.reports.page import page
from devassist.reports.parts import ConflictEnding
from devassist.reports.story import Story
from devassist.reports.timeline import timeline
from support.browser import find_browser, opened
from support.tale import RUN, Tale, whole_tale

STORY = Story.of(whole_tale())
MARKDOWN = markdown(STORY)
PAGE = page(STORY)
_VOID = {"meta", "br", "hr"}


class Strict(HTMLParser):
    """Every element is closed in order; remembers what there is."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def parsed(text: str) -> Strict:
    reader = Strict()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def section(heading: str) -> str:
    _, found, rest = MARKDOWN.partition(f"\n## {heading}")
    assert found, heading
    return rest.partition("\n## ")[0]


def test_the_report_has_every_section_a_reviewer_asks_for() -> None:
    headings = re.findall(r"^## (\w+)", MARKDOWN, re.MULTILINE)
    wanted = [
        "Waits",
        "Plan",
        "What",
        "Evidence",
        "Conflicts",
        "Decisions",
        "Uncommitted",
        "Noted",
        "Cost",
        "Afterwards",
    ]
    assert headings == [*wanted, "Undo", "Next"]
    assert "1 of 4 tasks landed" in MARKDOWN
    assert "Exit code 3." in MARKDOWN


def test_evidence_names_claims_checks_with_exit_codes_and_commits() -> None:
    found = section("Evidence")
    assert "Claims: 2 verified, 0 contradicted, 0 stale, 0 uncited." in found
    assert "check `pytest`: exit code 0" in found
    assert "check `rotten`: exit code 1 (fails on the base as well)" in found
    assert "commit `cccccccccccc` by coder, round 1: `a.py`" in found
    assert "1 failed" in found, "the end of what a failing check printed"


def test_commands_in_the_reason_of_a_claim_are_set_as_commands_and_the_rest_is_text() -> None:
    tale = Tale()
    tale.records += whole_tale()
    tale.tell(
        EventType.CLAIM_CHECKED, "good", "good/coder", statement="s", verdict="verified", evidence="ev-1",
        reason="`pytest <b> a_b`: *2* passed",
    )  # fmt: skip
    story = Story.of(tale.records)
    assert f"{code('pytest <b> a_b')}{prose(': *2* passed')}" in markdown(story)
    assert "<code>pytest &lt;b&gt; a_b</code>: *2* passed" in page(story)


def test_costs_are_added_up_by_task_role_and_model_and_say_what_has_no_price() -> None:
    found = section("Cost")
    assert "| `good` | 2 | 200 | 120 | 20 | 1.4 | 0.2500 + 1 unpriced |" in found
    assert "| `coder` | 4 | 400 | 240 | 40 | 2.8 | 1.0000 |" in found
    assert "| `openai/m` | 5 | 500 | 300 | 50 | 3.5 | 1.0000 + 1 unpriced |" in found


def test_undo_and_next_are_whole_commands() -> None:
    assert "git revert -m 1 eeeeeeeeeeee" in section("Undo")
    assert f"devassist discard {RUN}" in section("Undo")
    assert f"devassist pr {RUN}" in section("Next")


def test_how_a_conflict_ended_is_told() -> None:
    story = Story.of(whole_tale())
    story.endings["c-1"] = ConflictEnding(status="waived", who="person ada", reason="both stay")
    assert "**waived by person ada: both stay**" in markdown(story)
    assert "waived by person ada" in page(story)


def test_markdown_takes_nothing_that_was_said_for_markup() -> None:
    # Outside of code, where all of it is text anyway.
    bare = re.sub(r"(`+)[^\n]*?\1", "", re.sub(r"^```.*?^```", "", MARKDOWN, flags=re.DOTALL | re.MULTILINE))
    assert "<script>" not in bare.replace("\\<script\\>", "")
    assert "](http" not in bare.replace("\\](http", "").replace("\\]", "")
    assert not re.search(r"@\w", bare)
    assert not re.search(r"(?<!\\)#\d", bare)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800]", MARKDOWN)
    rows = [row for row in MARKDOWN.splitlines() if row.startswith("| ")]
    widths = {
        len(re.findall(r"(?<!\\)\|", row))
        for row in rows
        if row.startswith(("| `good` | \\<", "| task | title"))
    }
    assert widths == {7}, "a bar in a cell does not make a column"


@pytest.mark.parametrize(
    "text", ["a`b", "``", "```\nx\n````", "|", "", "- x", "1. x", "=", "www.x.y http://z"]
)
def test_code_and_blocks_hold_any_text(text: str) -> None:
    assert "\n" not in code(text)
    fence = block(text).partition("text\n")[0]
    assert fence not in block(text)[len(fence) : -len(fence)]
    assert not re.match(r"\s*([-+=]|\d+[.)])", prose(text))
    assert "\n" not in line(text)


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    found = parsed(PAGE)
    assert not {"script", "img", "link", "iframe", "object", "form", "a"} & found.names
    policy = next(value for tag, name, value in found.attributes if tag == "meta" and "default-src" in value)
    assert policy.startswith("default-src 'none'")
    assert not [
        name for _, name, _ in found.attributes if name.startswith("on") or name in ("href", "src", "style")
    ]
    assert "url(" not in PAGE
    assert "@import" not in PAGE
    assert "prefers-color-scheme: dark" in PAGE


def test_the_page_shows_what_was_said_as_text() -> None:
    assert "<script" not in PAGE
    assert escape("<script>alert(1)</script>", quote=False) in PAGE
    assert "<script>alert(1)</script>" in "".join(parsed(PAGE).text)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud800]", PAGE)
    PAGE.encode("utf-8")


def test_what_reads_like_a_template_or_leaves_an_attribute_is_only_text() -> None:
    tale = Tale()
    tale.tell(EventType.RUN_STARTED, goal="{{ 7 * 7 }}{% include 'page.css' %}", base="b" * 40)
    tale.agent("t", """x" onload='alert(1)'><img src=x>""", said="{# gone? #} **bold** [a](http://b)")
    story = Story.of(tale.records)
    assert "{{ 7 \\* 7 }}{% include 'page.css' %}" in markdown(story)
    shown = parsed(page(story))
    assert "{{ 7 * 7 }}{% include 'page.css' %}" in shown.text
    assert "img" not in shown.names
    assert not [name for _, name, _ in shown.attributes if name.startswith("on")]


def test_the_timeline_has_a_row_per_agent_a_bar_per_round_ticks_and_waits() -> None:
    picture = PAGE.partition('<div class="timeline">')[2].partition('<ul class="legend">')[0]
    rows = {"good/coder", "good/reviewer", "bad/coder", "clash/coder", "asks/coder", "asks"}
    assert set(re.findall(r'<li title="([^"]+)">', picture)) == rows
    assert len(re.findall(r'class="bar (?:done|failed)"', picture)) == 5
    assert picture.count('class="bar failed"') == 1
    assert picture.count('class="call ok"') == 5
    assert picture.count('class="command ok"') + picture.count('class="command bad"') == 5
    assert picture.count('class="wait"') == 1
    numbers = [float(one) for one in re.findall(r'(?:x|x1|x2|cx)="([-\d.]+)%"', picture)]
    assert len(numbers) > 10
    assert min(numbers) >= 0
    assert max(numbers) <= 100


def test_the_timeline_begins_with_the_first_work() -> None:
    picture = timeline(STORY)
    assert picture is not None
    assert min(bar.x for row in picture.rows for bar in (*row.bars, *row.waits)) == 14


def test_the_page_has_the_diff_of_each_task_folded_and_harmless() -> None:
    diff = "diff --git a/x b/x\n@@ -1 +1 @@\n-old\n+<script>new</script>\n"
    text = page(STORY, {"good": diff})
    shown = parsed(text)
    assert text.count("<details>") == 1
    assert "script" not in shown.names
    assert "+<script>new</script>" in shown.text
    assert "the rest is in git" in page(STORY, {"good": "+line\n" * 100_000})


def test_what_happens_after_the_run_does_not_stretch_its_timeline() -> None:
    records = whole_tale()
    cut = next(number for number, one in enumerate(records) if one.type == "run.finished") + 1
    assert Story.of(records[:cut]).last_at == STORY.last_at


def test_every_form_can_be_made_at_any_moment_of_a_run() -> None:
    records = whole_tale()
    story = Story()
    for record in records:
        story.apply(record)
        parsed(page(story))
        assert markdown(story).startswith("# Run ")
        assert junit(story).startswith("<?xml")
        json.dumps(document(story))


def test_the_json_report_carries_the_run_document_and_the_evidence() -> None:
    found = json.loads(json.dumps(document(STORY)))
    assert found["schema"] == "devassist.report/1"
    assert found["summary"]["schema"] == "devassist.run/1"
    assert [one["task"] for one in found["landed"]] == ["good"]
    assert {one["command"] for one in found["evidence"][0]["checks"]} == {"pytest", "rotten"}
    assert sum(one["calls"] for one in found["costs"]) == 5


def test_conflicts_of_a_run_come_out_as_sarif() -> None:
    found = conflicts_sarif(STORY)
    (result,) = found["runs"][0]["results"]
    assert result["ruleId"] == "content"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "docs/a%20b.md"


_MEASURE = """<!doctype html><meta charset=utf-8><body>{frames}<script>addEventListener("load", () => {{
  document.title = JSON.stringify([...document.querySelectorAll("iframe")].map(frame => {{
    const seen = frame.contentDocument, top = seen.documentElement;
    const svg = seen.querySelector("svg").getBoundingClientRect(), list = seen.querySelector(".names").getBoundingClientRect();
    const over = [...seen.querySelectorAll("main *")].filter(one => !one.closest(".scroll, pre, svg") &&
      one.getBoundingClientRect().right > top.clientWidth + 1).map(one => one.outerHTML.slice(0, 200));
    return {{wide: top.scrollWidth, room: top.clientWidth, over, height: svg.height - list.height,
      dark: getComputedStyle(seen.body).backgroundColor, title: seen.title, scripts: seen.scripts.length}};
  }}));
}});</script>"""


@pytest.mark.skipif(find_browser() is None, reason="no headless browser on this machine")
@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_the_page_whole_at_any_width(tmp_path: Path, dark: bool) -> None:
    browser = find_browser()
    assert browser is not None
    frames = "".join(
        f'<iframe srcdoc="{escape(PAGE)}" style="border:0;width:{wide}px;height:900px"></iframe>'
        for wide in (400, 1280)
    )
    outer = tmp_path / "outer.html"
    outer.write_text(_MEASURE.format(frames=frames), encoding="utf-8")
    options = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []
    dom = opened(browser, outer, tmp_path / "profile", "--window-size=1400,1000", *options)
    found = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert found, dom[:2000]
    for seen in json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")):
        assert seen["over"] == []
        assert seen["wide"] <= seen["room"]
        assert seen["height"] == 0, "names and rows stand side by side"
        assert seen["scripts"] == 0
        assert seen["dark"] == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")

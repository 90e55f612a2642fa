"""The work of the agents that hand on one JSON object: a plan of one task, what was found, a verdict."""

from __future__ import annotations

from devassist.crew.text_protocol.outcomes import checks_pass, last_line
from devassist.crew.text_protocol.steps import Act, Brief, GaveUp, Work, ask_object, shortened
from devassist.domain.events import JsonObject
from devassist.domain.handoffs import ReviewVerdict
from devassist.domain.roles import CrewSize, Role

_TEXT: JsonObject = {"type": "string"}
_MOST_FINDINGS = 5
_MOST_SUBMITS = 3
_LONGEST_TITLE = 80

_PLAN: JsonObject = {
    "type": "object",
    "properties": {
        "title": _TEXT,
        "role": {"type": "string", "enum": [str(Role.CODER), str(Role.DOCUMENTER)]},
    },
    "required": ["title", "role"],
    "additionalProperties": False,
}
_RESEARCH: JsonObject = {
    "type": "object",
    "properties": {"summary": _TEXT, "findings": {"type": "array", "items": _TEXT}},
    "required": ["summary", "findings"],
    "additionalProperties": False,
}
_REVIEW: JsonObject = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string", "enum": [str(verdict) for verdict in ReviewVerdict]},
        "summary": _TEXT,
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"path": _TEXT, "comment": _TEXT},
                "required": ["path", "comment"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["verdict", "summary", "findings"],
    "additionalProperties": False,
}


def plan(brief: Brief) -> Work:
    """A plan of one task, which has the goal as its instructions: more would be the model's to make up."""
    prompt = (
        'Name this goal in a few words. Answer with a JSON object: {"title": "...", "role": "coder"}; '
        'role is "documenter" if only documents change, else "coder".'
    )
    value = yield from ask_object(prompt, _PLAN)
    title = str(value["title"]).strip()[:_LONGEST_TITLE] or brief.goal.split("\n")[0][:_LONGEST_TITLE]
    task = {"id": "task", "title": title, "role": str(value["role"]), "tester": False}
    yield from _submit(
        "submit_plan",
        {
            "tasks": [task],
            "rationale": "one task: a model that calls no tools does one thing at a time",
            "confidence": 0.8,
            "crew": str(CrewSize.SOLO),
        },
    )


def research(brief: Brief) -> Work:
    """What the model finds in a list of the files."""
    listing = yield Act("list_files", {})
    prompt = (
        f"{shortened(brief.rest, brief.room // 3)}\n\n"
        f"The files:\n{shortened(listing.text, brief.room // 3)}\n\n"
        'Which files matter, and why? Answer with a JSON object: {"summary": "...", "findings": ["...", "..."]}'
    )
    value = yield from ask_object(prompt, _RESEARCH)
    findings = value["findings"]
    assert isinstance(findings, list)  # noqa: S101  by the schema
    summary = str(value["summary"]) or "nothing was found"
    yield from _submit(
        "submit_brief", {"summary": summary, "findings": findings[:_MOST_FINDINGS], "confidence": 0.5}
    )


def review(brief: Brief) -> Work:
    """A verdict from the change and the checks, which are in the brief."""
    prompt = (
        f"{shortened(brief.rest, brief.room)}\n\n"
        "Does the change do what the instructions ask? Answer with a JSON object: "
        '{"verdict": "approve", "summary": "...", "findings": []}, or '
        '{"verdict": "request_changes", "summary": "...", "findings": [{"path": "...", "comment": "..."}]}'
    )
    value = yield from ask_object(prompt, _REVIEW)
    findings = value["findings"]
    assert isinstance(findings, list)  # noqa: S101  by the schema
    asks = value["verdict"] == ReviewVerdict.REQUEST_CHANGES
    severity = "error" if asks else "note"
    yield from _submit(
        "submit_review",
        {
            "verdict": value["verdict"],
            "summary": str(value["summary"]) or str(value["verdict"]),
            "confidence": brief.confidence,
            "findings": [{**finding, "severity": severity} for finding in findings[:_MOST_FINDINGS]],
        },
    )


def test(brief: Brief) -> Work:
    """The checks, run once more. Tests that such a model would add say little."""
    claims: list[JsonObject] = []
    summary = "There are no checks to run; no test was added."
    passed = False
    if brief.checks:
        result = yield Act("run_checks", {})
        passed = checks_pass(result.text)
        summary = f"{last_line(result.text)}; no test was added."
        claims = [{"statement": "the checks pass", "evidence": result.evidence}] if passed else []
    confidence = brief.confidence if passed or not brief.checks else 0.3
    yield from _submit("submit_work", {"summary": summary, "confidence": confidence, "claims": claims})


def _submit(tool: str, arguments: JsonObject) -> Work:
    """Hand on, once more after each time that it comes back: the second time counts as the agent's last word."""
    reason = ""
    for _ in range(_MOST_SUBMITS):
        answer = yield Act(tool, arguments)
        reason = answer.text
    raise GaveUp(f"what it handed on was not accepted: {reason}")

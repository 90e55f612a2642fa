"""Examples of every command, for the end of its help and for the manual page."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "run": (
        "devassist run 'add a --json option to the export command'",
        "devassist run -f goal.txt --max-usd 2 --detach",
        "devassist run 'split the parser' --plan-only --format json",
    ),
    "resume": ("devassist resume", "devassist resume @last --max-usd 5"),
    "stop": ("devassist stop", "devassist stop --all --now"),
    "watch": ("devassist watch", "devassist watch brisk-heron --format ndjson"),
    "note": ("devassist note @last parser 'the grammar is in docs/grammar.md'",),
    "retry": ("devassist retry @last parser --reason 'mind the empty file'",),
    "inbox": ("devassist inbox", "devassist inbox --format json"),
    "approve": ("devassist approve a-2187", "devassist approve a-2187 --edit"),
    "reject": ("devassist reject a-2187 --reason 'not this file'",),
    "answer": ("devassist answer a-2187 'the blue one'",),
    "status": ("devassist status", "devassist status @last --format json"),
    "show": ("devassist show", "devassist show @last/parser --log"),
    "diff": ("devassist diff", "devassist diff brisk-heron --stat"),
    "logs": ("devassist logs -f", "devassist logs @last --task parser --agent coder"),
    "roles": ("devassist roles",),
    "merge": ("devassist merge", "devassist merge @last --into main --squash"),
    "apply": ("devassist apply",),
    "undo": ("devassist undo --dry-run", "devassist undo @last"),
    "discard": ("devassist discard brisk-heron",),
    "report": ("devassist report", "devassist report --format html -o report.html"),
    "pr": ("devassist pr --draft", "devassist pr --dry-run"),
    "init": ("devassist init", "devassist init --no-run"),
    "doctor": ("devassist doctor", "devassist doctor --fix", "devassist doctor -v"),
    "demo": ("devassist demo", "devassist demo shop"),
    "worktrees list": ("devassist worktrees list",),
    "worktrees path": ("cd $(devassist worktrees path brisk-heron-3f2a/parser/coder)",),
    "worktrees gc": ("devassist worktrees gc --dry-run",),
    "config show": ("devassist config show --origin",),
    "config get": ("devassist config get limits.max_usd",),
    "config set": (
        "devassist config set checks.commands 'pytest -q, ruff check'",
        "devassist config set --user model.default openai/gpt-5.2",
    ),
    "config edit": ("devassist config edit", "devassist config edit --user"),
    "conflicts find": (
        "devassist conflicts",
        "devassist conflicts feature-a feature-b --types",
        "devassist conflicts --all --base main --format sarif",
        "devassist conflicts -- show",
    ),
    "conflicts order": ("devassist conflicts order --all",),
    "conflicts check": ("devassist conflicts check src/parser.py",),
    "conflicts show": ("devassist conflicts show c-12ab",),
    "conflicts resolve": (
        "devassist conflicts resolve c-12ab",
        "devassist conflicts resolve c-12ab --take feature-a --into merged",
    ),
    "conflicts waive": ("devassist conflicts waive c-12ab --reason 'both are wanted'",),
    "audit list": ("devassist audit list --run @last --type decision --since 24h",),
    "audit search": ("devassist audit search 'rm -rf' --run @last",),
    "audit show": ("devassist audit show 42",),
    "audit tail": ("devassist audit tail -f",),
    "audit verify": ("devassist audit verify",),
}
"""By the words after `devassist`."""


def epilog(command: str) -> str:
    """The examples as click prints them: a paragraph that is not wrapped."""
    lines = "\n".join(f"  {line}" for line in EXAMPLES.get(command, ()))
    return f"\b\nExamples:\n{lines}" if lines else ""

"""The commented configuration file that `init` writes, made from the settings themselves."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from itertools import pairwise
from typing import get_type_hints

from devassist.domain import settings as module
from devassist.domain.settings import Settings

_HEAD = """# devassist configuration. Every key is shown with its default; take the # away to set it.
# Order: flag > DEVASSIST_<SECTION>_<KEY> > this file > ~/.config/devassist/config.toml > default.
# 'devassist config show --origin' says where each value came from.
"""

_EXAMPLES = {
    "model.roles": '# coder = "openai/gpt-5.2"',
    "model.params": "# temperature = 0.2",
    "model.role_params": '# coder = { reasoning_effort = "high" }',
    "model.prices": '# "openai/my-model" = { input = 0.5, output = 1.5, cache_read = 0.05 }',
    "approvals.modes": '# merge = "ask"',
    "approvals.thresholds": "# resolution = 0.9",
}
_TABLES = {
    "models": """# fast = { model = "openai/gpt-5-mini", capabilities = ["code", "docs"] }
# own = { model = "ollama_chat/qwen3-coder", privacy = "local", context = 32768, price = { input = 0, output = 0 } }
""",
}
"""Examples of sections whose tables the person names."""


def template(values: Mapping[str, object] | None = None) -> str:
    """The whole file; `values` maps dotted keys to what is set, everything else is a comment."""
    chosen = values or {}
    parts = [_HEAD]
    hints = get_type_hints(Settings)
    for section in fields(Settings):
        kind = hints[section.name]
        if section.name in _TABLES:
            parts.append(f"# {_docs(Settings)[section.name]}\n[{section.name}]\n{_TABLES[section.name]}")
            continue
        docs = _docs(kind)
        tables: list[str] = []
        parts.append(f"# {inspect.getdoc(kind)}\n[{section.name}]")
        for key in fields(kind):
            default = key.default if key.default is not MISSING else {}
            dotted = f"{section.name}.{key.name}"
            if isinstance(default, Mapping):
                example = _EXAMPLES[dotted]
                tables.append(f"# {docs[key.name]}\n[{dotted}]\n{example}\n")
                continue
            line = f"{key.name} = {_toml(chosen.get(dotted, default))}"
            parts.append(f"# {docs[key.name]}\n{line if dotted in chosen else '# ' + line}")
        parts.append("")
        parts += tables
    return "\n".join(parts)


def _docs(kind: type) -> Mapping[str, str]:
    """The sentence below each field, which Python drops at compile time."""
    tree = ast.parse(inspect.getsource(module))
    body = next(
        node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    )
    return {
        field.target.id: " ".join(str(text.value.value).split())
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


def _toml(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)

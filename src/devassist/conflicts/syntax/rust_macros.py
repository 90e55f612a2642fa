"""Names in the tokens of Rust's macros."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from devassist.conflicts.syntax.rust_names import RustNames
from devassist.conflicts.syntax.tables import (
    NO_CALL,
    Reference,
)

_LINKS = (".", "::")
_WORDS = ("identifier", "self", "crate", "super")


class RustMacros(RustNames):
    """Invocations of macros, whose arguments are tokens and no tree."""

    def on_macro_invocation(self, node: Node) -> None:
        """Records `f(…)` and `m::f` among the tokens of a macro as uses by name."""
        macro = node.child_by_field_name("macro")
        if macro is not None and macro.type == "identifier":
            self.refer(macro, self.text(macro) + "!")
        elif macro is not None and macro.type == "scoped_identifier":
            name = macro.child_by_field_name("name")
            self.refer(macro, self.text(name) + "!", self.dotted(macro.child_by_field_name("path")))
        for child in node.named_children:
            if child.type == "token_tree":
                self._tokens(child)

    def _tokens(self, node: Node) -> None:
        """Chains of names among tokens, `a::b::c`, `x.f`, each with what it is called with if it is called."""
        children = node.children
        at = 0
        while at < len(children):
            child = children[at]
            if child.type == "token_tree":
                self._tokens(child)
            if child.type not in _WORDS:
                at += 1
                continue
            linked = at > 0 and children[at - 1].type in _LINKS
            chain = [child]
            while (
                at + 2 < len(children)
                and children[at + 1].type in _LINKS
                and children[at + 2].type == "identifier"
            ):
                at += 2
                chain.append(children[at])
            after = children[at + 1] if at + 1 < len(children) else None
            if not linked:  # The type of a call's result is unknown among tokens.
                self._chain_of_tokens(chain, after)
            at += 1

    def _chain_of_tokens(self, chain: Sequence[Node], after: Node | None) -> None:
        *path, last = (self.text(node) for node in chain)
        if after is not None and after.type == "!":
            last += "!"
        count = self._argument_count(after) if after is not None and after.type == "token_tree" else NO_CALL
        if last not in ("self", "crate", "super"):
            self.refer(chain[-1], last, ".".join(path), call=Reference("", "", 0, "", count))

    def _argument_count(self, tree: Node) -> int:
        """The number of arguments between these brackets; no call if that is not certain."""
        signs = [child.type for child in tree.children]
        if signs[:1] != ["("] or "|" in signs or "<" in signs or "=>" in signs:
            return NO_CALL
        inner = signs[1:-1]
        return inner.count(",") + (bool(inner) and inner[-1] != ",")

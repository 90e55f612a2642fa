"""How the values of one place are joined with those of the places before it."""

from __future__ import annotations

from collections.abc import Mapping

from devassist.domain.settings import Privacy

_MODELS, _PRIVATE = "models", "privacy.paths"
_ENTRY_BY_ENTRY = frozenset({"model.params", "model.role_params", "model.prices"})


def joined(earlier: Mapping[str, object], later: Mapping[str, object]) -> dict[str, object]:
    """
    `later` over `earlier`, key by key; but models are joined by name, and private paths only become more.

    Otherwise a repository could take the user's private paths away, or call a model local that the user does not.
    """
    values = {**earlier, **{key: _over(earlier.get(key), value, key) for key, value in later.items()}}
    old, new = earlier.get(_PRIVATE), later.get(_PRIVATE)
    if isinstance(old, list) and isinstance(new, list):
        values[_PRIVATE] = [*old, *(path for path in new if path not in old)]
    tables, more = earlier.get(_MODELS, {}), later.get(_MODELS)
    if isinstance(tables, Mapping) and isinstance(more, Mapping):
        checked = {name: _restrained(name, table, tables, known=bool(old)) for name, table in more.items()}
        values[_MODELS] = {**tables, **checked}
    return values


def _restrained(name: str, table: object, tables: Mapping[str, object], *, known: bool) -> object:
    """
    `table`, but for a claim to be local that an earlier place does not make of the same model.

    With `known` an earlier place has to make it: whoever says what is private also says who may see it.
    """
    if not isinstance(table, Mapping) or table.get("privacy") != Privacy.LOCAL:
        return table
    others = {key: other for key, other in tables.items() if isinstance(other, Mapping)}
    same = [other for other in others.values() if other.get("model") == table.get("model")]
    disputed = [other for other in (*same, others.get(name, table)) if other.get("privacy") != Privacy.LOCAL]
    if disputed or (known and not same):
        return {**table, "privacy": Privacy.CLOUD.value}
    return table


def _over(lower: object, value: object, key: str) -> object:
    """`value`, with what a lower source has in the same table, if a table of this key is set entry by entry."""
    if key not in _ENTRY_BY_ENTRY or not isinstance(lower, Mapping) or not isinstance(value, Mapping):
        return value
    return {**lower, **{name: _deeper(lower.get(name), item) for name, item in value.items()}}


def _deeper(lower: object, value: object) -> object:
    if isinstance(lower, Mapping) and isinstance(value, Mapping):
        return {**lower, **value}
    return value

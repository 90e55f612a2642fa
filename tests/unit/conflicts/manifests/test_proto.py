"""Field numbers and names of protocol buffers on two branches."""

from __future__ import annotations

import pytest

from unit.conflicts.manifests.workshop import (
    Files,
    Workshop,
)


def proto(*fields: str, name: str = "a.proto", head: str = "package x;\n") -> dict[str, str | None]:
    body = "".join(f"  {one}\n" for one in fields)
    return {name: f'syntax = "proto3";\n{head}message User {{\n{body}}}\n'}


PROTO = {
    "same number": (
        proto("string name = 1;"),
        proto("string name = 1;", "string mail = 2;"),
        proto("string name = 1;", "int32 age = 2;"),
        ["error field-number-clash x.User=2"],
    ),
    "same field": (proto(), proto("string mail = 2;"), proto("string mail = 2; // hi"), []),
    "other numbers": (proto(), proto("string mail = 2;"), proto("int32 age = 3;"), []),
    "same name, other numbers": (
        proto(),
        proto("string mail = 2;"),
        proto("string mail = 3;"),
        ["error field-number-clash x.User.mail"],
    ),
    "reserved": (
        proto("string name = 1;"),
        proto("string name = 1;", "reserved 4, 6 to 9;"),
        proto("string name = 1;", "string mail = 7;"),
        ["error field-number-clash x.User=7"],
    ),
    "commented": (proto(), proto("// string mail = 2;"), proto("int32 age = 2;"), []),
    "other message": (
        proto(),
        proto("message In { string a = 2; }"),
        proto("int32 age = 2;"),
        [],
    ),
    "oneof is part of its message": (
        proto(),
        proto("oneof x { string a = 2; }"),
        proto("int32 age = 2;"),
        ["error field-number-clash x.User=2"],
    ),
    "maps and options": (
        proto(),
        proto("map<string, int32> a = 2 [deprecated = true];"),
        proto("repeated x.y.Z b = 2;"),
        ["error field-number-clash x.User=2"],
    ),
    "enum": (
        proto(),
        proto("enum E { A = 0; B = 1; }"),
        proto("enum E { A = 0; C = 1; }"),
        ["error field-number-clash x.User.E=1"],
    ),
    "enum with aliases": (
        proto(),
        proto("enum E { option allow_alias = true; A = 0; B = 1; }"),
        proto("enum E { option allow_alias = true; A = 0; C = 1; }"),
        [],
    ),
    "both rename": (
        proto("string mail = 2;"),
        proto("string email = 2;"),
        proto("string address = 2;"),
        ["warning field-number-clash x.User=2"],
    ),
    "two files without package": (
        {},
        proto("string mail = 2;", name="a/u.proto", head=""),
        proto("int32 age = 2;", name="b/u.proto", head=""),
        [],
    ),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), PROTO.values(), ids=PROTO)
def test_field_numbers(
    workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]
) -> None:
    workshop.check(base, ours, theirs, expected)

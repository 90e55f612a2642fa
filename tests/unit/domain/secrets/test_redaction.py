"""Secrets leave no trace, in whatever form they come; everything else stays as it is."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.secrets.names import known_secrets
from devassist.domain.secrets.redaction import Redactor

SECRET = 'p@ss/w0rd"+secret\\value'


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        SECRET.encode().hex(),
        quote(SECRET, safe=""),
        json.dumps(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"x{SECRET}".encode()).decode(),
        base64.b64encode(f"xy{SECRET}".encode()).decode(),
        base64.b64encode(f"user:{SECRET}\n".encode()).decode(),
    ],
)
def test_a_known_value_is_found_in_every_encoding(text: str) -> None:
    redacted = Redactor([SECRET]).text(f"before {text} after")
    assert "[REDACTED:known]" in redacted
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")
    assert SECRET not in redacted


@given(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12, max_size=40),
    st.binary(max_size=5),
)
def test_base64_at_any_alignment_never_holds_the_value(secret: str, before: bytes) -> None:
    coded = base64.b64encode(before + secret.encode() + b"tail").decode()
    redacted = Redactor([secret]).text(coded)
    assert "[REDACTED:known]" in redacted
    # What is left at the edges is too short to give the value back.
    assert len(redacted.replace("[REDACTED:known]", "")) < len(coded)


def test_the_longer_of_two_known_values_goes_first() -> None:
    assert Redactor(["abcdefgh", "abcdefghijkl"]).text("abcdefghijkl") == "[REDACTED:known]"


_SHAPES = {
    "openai": "sk-" + "proj-" + "Ab3" * 10,
    "aws": "AKIA" + "ABCDEFGH" + "23456723",
    "github": "gh" + "p_" + "a1B2" * 9,
    "gitlab": "glpat-" + "x1Y2" * 6,
    "google": "AIza" + "b" * 35,
    "slack": "xox" + "b-1234567890-abc",
    "stripe": "sk_" + "live_" + "a1" * 10,
    "groq": "gsk_" + "a1" * 22,
    "xai": "xai-" + "a1" * 22,
    "huggingface": "hf_" + "aB" * 17,
    "npm": "npm_" + "a1" * 18,
    "pypi": "pypi-" + "AgE" * 20,
    "jwt": "eyJ" + "hbGciOiJI" + ".eyJ" + "zdWIiOiIx" + "." + "c2lnbmF0dXJl",
}


@pytest.mark.parametrize(("rule", "text"), _SHAPES.items())
def test_each_shape_is_known_without_being_told(rule: str, text: str) -> None:
    assert Redactor().text(f"export KEY={text}\n") == f"export KEY=[REDACTED:{rule}]\n"


def test_a_fine_grained_github_token_is_found() -> None:
    token = "github_" + "pat_" + "a1B2_" * 15
    assert token not in Redactor().text(f"token {token}")


def test_a_password_in_a_url_goes_and_the_host_stays() -> None:
    assert Redactor().text("git clone https://me:hunter22@example.com/x") == (
        "git clone https://[REDACTED:url-password]@example.com/x"
    )


@pytest.mark.parametrize("word", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_goes(word: str) -> None:
    assert "abcdefghij" not in Redactor().text(f"Authorization: {word} abcdefghij0123456789xyz")


def test_a_private_key_goes_and_the_lines_are_still_counted() -> None:
    kind = "RSA PRIVATE" + " KEY-----"
    text = f"one\n-----BEGIN {kind}\nMIIE\nabcd\n-----END {kind}\nlast\n"
    redacted = Redactor().text(text)
    assert "MIIE" not in redacted
    assert redacted.count("\n") == text.count("\n")
    assert redacted.splitlines()[5] == "last"


def test_a_known_value_of_several_lines_goes_in_every_form_and_the_lines_stay() -> None:
    secret = "first line\nsecond line"
    assert Redactor([secret]).text(f"a\n{secret}\nb") == "a\n[REDACTED:known]\n\nb"
    assert "second" not in Redactor([secret]).text(json.dumps({"key": secret}))


def test_patterns_of_the_configuration_go_too() -> None:
    redactor = Redactor(patterns=[r"ACME-\d+"])
    assert redactor.text("ticket ACME-123 is here") == "ticket [REDACTED:configured] is here"


@given(st.text(), st.lists(st.text(min_size=8, max_size=20), max_size=3))
def test_line_counts_stay_as_they_are(text: str, known: list[str]) -> None:
    assert Redactor(known).text(text).count("\n") == text.count("\n")


def test_a_value_is_redacted_at_any_depth_keys_included() -> None:
    document: dict[str, Any] = {"a": [SECRET, {"b": (SECRET, 1, None, True)}], SECRET: 2.5}
    redacted = Redactor([SECRET]).value(document)
    assert redacted == {
        "a": ["[REDACTED:known]", {"b": ["[REDACTED:known]", 1, None, True]}],
        "[REDACTED:known]": 2.5,
    }
    assert document["a"][0] == SECRET


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(alphabet="xyz "), st.lists))
def test_what_holds_no_secret_is_left_alone(value: Any) -> None:
    assert Redactor([SECRET]).value(value) == value


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("OPENAI_API_KEY", "abcdefgh1234", True),
        ("GITHUB_TOKEN", "abcdefgh1234", True),
        ("DB_PASSWORD", "abcdefgh1234", True),
        ("SESSION_COOKIE", "abcdefgh1234", True),
        ("SENTRY_DSN", "abcdefgh1234", True),
        ("OPENAI_API_KEY", "abcd", False),
        ("AUTH_ENABLED", "true", False),
        ("KEY_FILE", "/home/me/.ssh/id_rsa", False),
        ("TOKEN_LIMIT", "12345", False),
        ("PATH", "/usr/bin:/bin:/usr/local/bin", False),
        ("EDITOR", "a-long-editor-name", False),
    ],
)
def test_the_environment_tells_by_its_names_what_is_secret(name: str, value: str, secret: bool) -> None:
    assert (value in known_secrets({name: value})) is secret

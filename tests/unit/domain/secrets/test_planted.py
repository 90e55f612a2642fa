"""Planted secrets: 19 values of an environment, 40 well-known shapes, 33 encodings of a value, and ordinary code."""

from __future__ import annotations

import base64
import codecs
import html
import json
import shlex
import sysconfig
import textwrap
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from devassist.domain.secrets.names import credential_secrets, dotenv_secrets, known_secrets
from devassist.domain.secrets.redaction import Redactor

ENVIRONMENT = {
    "DB_PASS": "s3cr3t-db",
    "MYSQL_PWD": "hunter2x",
    "PGPASSWORD": "correct-horse",
    "GH_PAT": "f00ba4baz1",
    "SLACK_WEBHOOK_URL": "https://hooks.example.org/T00/B00/abcdef",
    "SENTRY_DSN": "https://0123abcd@o1.ingest.example.org/2",
    "STRIPE_SK": "rk_notreal_4eC39HqLyjWDarjtT1zdp7dc",
    "JWT_SIGNING": "not-a-word-42",
    "ADMIN_PIN": "91827",
    "ENCRYPTION_SALT": "pepper-and-salt",
    "SMTP_PASSPHRASE": "open sesame 1",
    "RAILS_MASTER_KEY": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "NPM_AUTH": "bnBtOmh1bnRlcjI=",
    "APP_COOKIE": "c00kie-monster",
    "AZURE_CREDS": "client!id/4711",
    "SERVICE_OTP": "otp-771-x",
    "deployToken": "deploy-me-77",
    "LEGACY_BLOB": "Zx9Qw2Lm7Rt4Yp1Kd8Vb3Nc6",
    "BACKUP_CONNECTION": "Server=db;Pwd=w1nter",
}
HARMLESS = {
    "PATH": "/usr/bin:/bin",
    "PWD": "/home/ada/work",
    "EDITOR": "a-long-editor-name",
    "GIT_AUTHOR_NAME": "Ada Lovelace",
    "DESKTOP_SESSION": "ubuntu",
    "XDG_SESSION_TYPE": "wayland",
    "GITHUB_SHA": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "SSH_AUTH_SOCK": "/run/user/1000/keyring/ssh",
    "TOKEN_LIMIT": "12345",
    "AUTH_ENABLED": "true",
    "KEY_FILE": "/home/me/.ssh/id_rsa",
    "POSTGRES_PASSWORD": "postgres",
    "TERM_PROGRAM_VERSION": "3.4.23-nightly-2026",
    "INVOCATION_ID": "123e4567-e89b-12d3-a456-426614174000",
    "MONKEY": "capuchin",
    "API_KEY_HEADER_NAME": "x-api-key",
}


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_planted_value_of_the_environment_is_secret(name: str) -> None:
    value = ENVIRONMENT[name]
    assert value in known_secrets({name: value})
    assert value not in Redactor(known_secrets({name: value})).text(f"it printed {value}\n")


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_value_of_the_environment_is_none(name: str) -> None:
    assert known_secrets({name: HARMLESS[name]}) == frozenset()


def test_the_password_of_a_url_is_the_secret_and_the_rest_stays() -> None:
    known = known_secrets({"DATABASE_URL": "postgres://app:w1nter-is@db.example.org/shop"})
    assert known == {"w1nter-is"}
    assert Redactor(known).text("host db.example.org") == "host db.example.org"


def test_a_short_secret_goes_as_a_word_and_leaves_words_that_hold_it() -> None:
    redactor = Redactor(["91827"])
    assert redactor.text("pin=91827;") == "pin=[REDACTED:known];"
    assert redactor.text("order 9182755") == "order 9182755"


def _digits(count: int, alphabet: str = "a1b2c3d4e5f6") -> str:
    return (alphabet * 20)[:count]


MIXED, HEX = "aB3dE6gH9jK2", "a1b2c3d4e5f6"
# Written in pieces, so that no scanner takes this file for a leak.
SHAPES: Mapping[str, str] = {
    "openai": "sk-" + "proj-" + _digits(48, MIXED),
    "anthropic": "sk-" + "ant-api03-" + _digits(90, MIXED),
    "openrouter": "sk-" + "or-v1-" + _digits(64, HEX),
    "aws": "AK" + "IA" + "ABCDEFGH" + "23456723",
    "github": "gh" + "p_" + _digits(36, MIXED),
    "github fine": "github" + "_pat_" + _digits(82, MIXED),
    "gitlab": "gl" + "pat-" + _digits(20, MIXED),
    "gitlab deploy": "gl" + "dt-" + _digits(20, MIXED),
    "google": "AI" + "za" + _digits(35, MIXED),
    "google oauth": "GOC" + "SPX-" + _digits(28, MIXED),
    "google access": "ya" + "29." + _digits(60, MIXED),
    "slack": "xo" + "xb-" + "123456789012-" + _digits(24, MIXED),
    "slack app": "xa" + "pp-1-A012B3C-" + "1234567890-" + _digits(40, HEX),
    "slack webhook": "https://hooks.slack" + ".com/services/" + "T012AB3CD/B012AB3CD/" + _digits(24, MIXED),
    "discord": "https://discord.com/api/web" + "hooks/123456789012345678/" + _digits(68, MIXED),
    "stripe": "sk_" + "live_" + _digits(24, MIXED),
    "stripe webhook": "whs" + "ec_" + _digits(32, MIXED),
    "groq": "gs" + "k_" + _digits(52, MIXED),
    "xai": "xa" + "i-" + _digits(80, MIXED),
    "perplexity": "pp" + "lx-" + _digits(48, MIXED),
    "replicate": "r" + "8_" + _digits(37, MIXED),
    "huggingface": "h" + "f_" + _digits(34, MIXED),
    "npm": "np" + "m_" + _digits(36, MIXED),
    "pypi": "py" + "pi-AgEIcHlwaS5vcmc" + _digits(60, MIXED),
    "docker": "dck" + "r_pat_" + _digits(27, MIXED),
    "digitalocean": "do" + "p_v1_" + _digits(64, HEX),
    "databricks": "da" + "pi" + _digits(32, HEX),
    "telegram": "1234567890" + ":AA" + _digits(33, MIXED),
    "twilio": "S" + "K" + _digits(32, HEX),
    "sendgrid": "S" + "G." + _digits(22, MIXED) + "." + _digits(43, MIXED),
    "shopify": "sh" + "pat_" + _digits(32, HEX),
    "square": "sq" + "0csp-" + _digits(43, MIXED),
    "atlassian": "ATA" + "TT3xFfGF0" + _digits(60, MIXED),
    "grafana": "gl" + "sa_" + _digits(32, MIXED) + "_" + _digits(8, HEX),
    "vault": "hv" + "s." + _digits(90, MIXED),
    "age": "AGE-SECRET" + "-KEY-1" + _digits(58, "QPZRY9X8GF2T"),
    "azure": "AccountKey" + "=" + _digits(86, MIXED) + "==",
    "jwt": "ey" + "J" + _digits(20, MIXED) + ".ey" + "J" + _digits(30, MIXED) + "." + _digits(43, MIXED),
    "url": "https://ada:" + "hunter22@example.org/x",
    "bearer": "Authorization: Bea" + "rer " + _digits(40, MIXED),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_token_of_a_well_known_shape_is_known_without_being_told(name: str) -> None:
    text = SHAPES[name]
    redacted = Redactor().text(f"key: {text}\n")
    assert "[REDACTED:" in redacted
    assert text[-16:] not in redacted.replace("example.org/x", "")


VALUE = 'p@ss/w0rd"+sécret\\x y'
PLAIN = "correct-Horse7battery"


def _hexdump(value: str) -> str:
    raw = value.encode()
    words = " ".join(f"{raw[at + 1]:02x}{raw[at]:02x}" for at in range(0, len(raw) - 1, 2))
    return f"0000000 {words}"


ENCODINGS: Mapping[str, tuple[str, str]] = {
    "as it is": (VALUE, VALUE),
    "reversed": (VALUE, VALUE[::-1]),
    "hex": (VALUE, VALUE.encode().hex()),
    "hex, upper case": (VALUE, VALUE.encode().hex().upper()),
    "hex, spaced": (VALUE, VALUE.encode().hex(" ")),
    "hex, colons": (VALUE, VALUE.encode().hex(":")),
    "hex, pairs of bytes as xxd": (VALUE, VALUE.encode().hex(" ", 2)),
    "hex, 0x": (VALUE, ", ".join(f"0x{byte:02x}" for byte in VALUE.encode())),
    "escaped bytes": (VALUE, "".join(f"\\x{byte:02x}" for byte in VALUE.encode())),
    "hexdump": (PLAIN + "!", _hexdump(PLAIN + "!")),
    "url": (VALUE, quote(VALUE, safe="")),
    "url, slashes": (VALUE, quote(VALUE)),
    "url, plus": (VALUE, quote_plus(VALUE)),
    "url, lower case": (PLAIN + "/@", quote(PLAIN + "/@", safe="").lower().replace("horse", "Horse")),
    "json": (VALUE, json.dumps(VALUE)),
    "json, unicode": (VALUE, json.dumps(VALUE, ensure_ascii=False)),
    "json in json": (VALUE, json.dumps(json.dumps(VALUE))),
    "html": (VALUE, html.escape(VALUE)),
    "html, numbers": (PLAIN, "".join(f"&#{ord(char)};" for char in PLAIN)),
    "shell, quoted": ("it's-" + PLAIN, shlex.quote("it's-" + PLAIN).replace("'\"'\"'", "'\\''")),
    "shell, backslashes": ("a b$" + PLAIN, "a\\ b\\$" + PLAIN),
    "base64": (VALUE, base64.b64encode(VALUE.encode()).decode()),
    "base64, urls": (VALUE, base64.urlsafe_b64encode(VALUE.encode()).decode()),
    "base64, after one byte": (VALUE, base64.b64encode(b"x" + VALUE.encode()).decode()),
    "base64, after two bytes": (VALUE, base64.b64encode(b"xy" + VALUE.encode()).decode()),
    "base32": (VALUE, base64.b32encode(VALUE.encode()).decode()),
    "base32, after three bytes": (VALUE, base64.b32encode(b"abc" + VALUE.encode()).decode()),
    "utf-16 escapes": (PLAIN, "".join(f"\\u{ord(char):04x}" for char in PLAIN)),
    "two lines": (PLAIN, PLAIN[:9] + "\n" + PLAIN[9:]),
    "folded": (PLAIN, "\n    ".join(textwrap.wrap(PLAIN, 6, break_on_hyphens=False))),
    "quotes": (PLAIN, f'"{PLAIN[:8]}" + "{PLAIN[8:]}"'),
    "letter by letter": (PLAIN, " ".join(PLAIN)),
    "rot13": (PLAIN, codecs.encode(PLAIN, "rot13")),
}
NOT_FOUND = {"letter by letter", "rot13"}
"""Said, not hidden: who wants to get a value out can always find a form that nobody looks for."""


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_known_value_is_found_in_whatever_form_it_comes(name: str) -> None:
    value, text = ENCODINGS[name]
    redacted = Redactor([value]).text(f"before {text} after")
    assert ("[REDACTED:known]" in redacted) is (name not in NOT_FOUND), redacted
    assert redacted.startswith("before ") and redacted.endswith(" after")


def test_ordinary_code_raises_less_than_one_alarm_per_megabyte() -> None:
    library = Path(sysconfig.get_paths()["stdlib"])
    redactor, size, alarms = Redactor(known_secrets(ENVIRONMENT)), 0, list[str]()
    for path in sorted(library.glob("*.py"))[:160]:
        text = path.read_text("utf-8", "replace")
        size += len(text)
        alarms += [path.name] * (redactor.text(text).count("[REDACTED:") - text.count("[REDACTED:"))
    assert size > 3_000_000
    assert len(alarms) < size / 1_000_000, alarms


def test_a_tools_own_file_of_credentials_gives_its_secrets() -> None:
    netrc = "machine example.org login ada password w1nter-is-here\n"
    git = "https://ada:t0ken-of-git@example.org\n"
    aws = "[default]\naws_access_key_id = AKIA0000\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG\n"
    docker = '{"auths": {"r.example.org": {"auth": "YWRhOnMzY3JldA=="}}}'
    npm = "//registry.example.org/:_authToken=np-0123456789\n"
    for text, secret in (
        (netrc, "w1nter-is-here"),
        (git, "t0ken-of-git"),
        (aws, "wJalrXUtnFEMI/K7MDENG"),
        (docker, "YWRhOnMzY3JldA=="),
        (npm, "np-0123456789"),
    ):
        assert secret in credential_secrets(text), text


def test_a_dotenv_file_is_read_as_the_environment_is() -> None:
    assert dotenv_secrets("export DB_PASS='w1nter-is'\nPORT=8080\nNAME=shop\n") == {"w1nter-is"}

"""Migrations that two branches add to one history."""

from __future__ import annotations

import pytest

from unit.conflicts.manifests.workshop import (
    FOUR,
    Files,
    Workshop,
    django,
)


def alembic(name: str, revision: str, parent: str, more: str = "") -> dict[str, str | None]:
    return {f"alembic/versions/{name}.py": f"revision: str = '{revision}'\ndown_revision = {parent}\n{more}"}


def rails(name: str, klass: str) -> dict[str, str | None]:
    return {f"db/migrate/{name}.rb": f"class {klass} < ActiveRecord::Migration[7.1]\nend\n"}


def sql(*paths: str, text: str = "select 1;\n") -> dict[str, str | None]:
    return {path: f"-- {path}\n{text}" for path in paths}


MIGRATIONS = {
    "django same number": (
        FOUR,
        django("0005_a", "0004_x"),
        django("0005_b", "0004_x"),
        ["error migration-collision shop/migrations"],
    ),
    "django two leaves, other numbers": (
        FOUR,
        django("0005_a", "0004_x") | django("0006_a", "0005_a"),
        django("0005_b", "0004_x"),
        ["error migration-collision shop/migrations"],
    ),
    "django same name": (
        FOUR,
        django("0005_a", "0004_x"),
        django("0005_a", "0004_x", more="    atomic = False\n"),
        ["warning migration-collision shop/migrations:0005_a"],
    ),
    "django same on both": (FOUR, django("0005_a", "0004_x"), django("0005_a", "0004_x"), []),
    "django one goes on": (
        FOUR,
        django("0005_a", "0004_x"),
        django("0005_a", "0004_x") | django("0006_b", "0005_a"),
        [],
    ),
    "django shared, then apart": (
        FOUR,
        django("0005_a", "0004_x") | django("0006_a", "0005_a"),
        django("0005_a", "0004_x") | django("0006_b", "0005_a"),
        ["error migration-collision shop/migrations"],
    ),
    "django two apps": (FOUR, django("0005_a", "0004_x"), django("0005_b", app="cart"), []),
    "django squashed": (
        FOUR,
        django("0001_squashed_0004", more="    replaces = [('shop', '0004_x')]\n"),
        django("0005_b", "0004_x"),
        [],
    ),
    "django broken source": (
        FOUR,
        {"shop/migrations/0005_a.py": "from django.db import migrations\nclass Migration(\n"},
        django("0005_b", "0004_x"),
        ["error migration-collision shop/migrations"],
    ),
    "django edited, not added": (FOUR, django("0004_x", "0002_x"), django("0005_b", "0004_x"), []),
    "alembic two heads": (
        alembic("a", "aaa", "None"),
        alembic("b", "bbb", "'aaa'"),
        alembic("c", "ccc", "'aaa'"),
        ["error migration-collision alembic/versions"],
    ),
    "alembic same revision": (
        alembic("a", "aaa", "None"),
        alembic("b", "bbb", "'aaa'"),
        alembic("c", "bbb", "'aaa'"),
        ["error migration-collision alembic/versions:bbb"],
    ),
    "alembic other branches": (
        alembic("a", "aaa", "None") | alembic("z", "zzz", "None"),
        alembic("b", "bbb", "'aaa'"),
        alembic("c", "ccc", "'zzz'"),
        [],
    ),
    "alembic merge of heads": (
        alembic("a", "aaa", "None") | alembic("z", "zzz", "None"),
        alembic("b", "bbb", "('aaa', 'zzz')"),
        alembic("c", "ccc", "'zzz'"),
        ["error migration-collision alembic/versions"],
    ),
    "alembic same on both": (
        alembic("a", "aaa", "None"),
        alembic("b", "bbb", "'aaa'"),
        alembic("b", "bbb", "'aaa'"),
        [],
    ),
    "rails same version": (
        {},
        rails("20240101000000_add_a", "AddA"),
        rails("20240101000000_add_b", "AddB"),
        ["error migration-collision db/migrate:20240101000000"],
    ),
    "rails same class": (
        {},
        rails("20240101000000_add_a", "AddA"),
        rails("20240102000000_add_a", "AddA"),
        ["error migration-collision db/migrate:AddA"],
    ),
    "rails apart": ({}, rails("20240101000000_add_a", "AddA"), rails("20240102000000_add_b", "AddB"), []),
    "flyway": ({}, sql("db/V12__a.sql"), sql("db/V12__b.sql"), ["error migration-collision db:V12"]),
    "flyway spelt differently": (
        {},
        sql("db/V1_2__a.sql"),
        sql("db/V1.2__b.sql"),
        ["error migration-collision db:V1.2"],
    ),
    "flyway apart": ({}, sql("db/V12__a.sql"), sql("db/V13__b.sql"), []),
    "flyway repeatable": ({}, sql("db/R__a.sql"), sql("db/R__b.sql"), []),
    "numbered": (
        {},
        sql("migrations/0012_a.sql"),
        sql("migrations/12_b.sql"),
        ["error migration-collision migrations:12"],
    ),
    "numbered up and down": (
        {},
        sql("migrations/0012_a.up.sql", "migrations/0012_a.down.sql"),
        sql("migrations/0012_b.up.sql", "migrations/0012_b.down.sql"),
        ["error migration-collision migrations:12"],
    ),
    "numbered, elsewhere": (
        {},
        sql("notes/0012_a.sql"),
        sql("notes/0012_b.sql"),
        ["warning migration-collision notes:12"],
    ),
    "numbered, two directories": ({}, sql("migrations/a/0012_a.sql"), sql("migrations/b/0012_b.sql"), []),
    "renamed, not added": (
        sql("db/V11__a.sql"),
        {"db/V11__a.sql": None, "db/V12__a.sql": sql("db/V11__a.sql")["db/V11__a.sql"]},
        sql("db/V12__b.sql"),
        [],
    ),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), MIGRATIONS.values(), ids=MIGRATIONS)
def test_migrations(workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]) -> None:
    workshop.check(base, ours, theirs, expected)

"""The manifest level end to end: migrations, routes, commands, field numbers and defaults of two branches."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from devassist.conflicts.manifests.detector import ManifestDetector
from devassist.domain.conflicts import Side
from devassist.git.merging.tree_view import TreeView
from unit.conflicts.manifests.test_manifests import Files, Workshop
from unit.git.test_support import Lab, new_lab


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.new(tmp_path_factory.mktemp("workshop"))


def django(name: str, *parents: str, app: str = "shop", more: str = "") -> dict[str, str | None]:
    depends = ", ".join(f"('{app}', '{one}')" for one in parents)
    text = f"from django.db import migrations\n\nclass Migration(migrations.Migration):\n    dependencies = [{depends}]\n"
    return {f"{app}/migrations/{name}.py": text + more}


def alembic(name: str, revision: str, parent: str, more: str = "") -> dict[str, str | None]:
    return {f"alembic/versions/{name}.py": f"revision: str = '{revision}'\ndown_revision = {parent}\n{more}"}


def rails(name: str, klass: str) -> dict[str, str | None]:
    return {f"db/migrate/{name}.rb": f"class {klass} < ActiveRecord::Migration[7.1]\nend\n"}


def sql(*paths: str, text: str = "select 1;\n") -> dict[str, str | None]:
    return {path: f"-- {path}\n{text}" for path in paths}


FOUR = django("0004_x", "0003_x")
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


FLASK = "from flask import Flask\napp = Flask(__name__)\n"
URLS = "from django.urls import include, path\nurlpatterns = [\n{}]\n"
EXPRESS = "const express = require('express');\nconst app = express();\n"
GO = 'package main\n\nimport "net/http"\n\nfunc main() {{\n\tmux := http.NewServeMux()\n{}}}\n'
SPRING = '@RestController\n@RequestMapping("/api")\npublic class {} {{\n{}}}\n'


def flask(path: str = "app.py") -> dict[str, str | None]:
    return {path: FLASK}


def view(
    route: str, name: str, *, head: str = FLASK, path: str = "app.py", body: str = "1"
) -> dict[str, str | None]:
    return {path: f"{head}\n\n@{route}\ndef {name}(x=1):\n    return {body}\n"}


def urls(*lines: str, path: str = "shop/urls.py") -> dict[str, str | None]:
    return {path: URLS.format("".join(f"    {one},\n" for one in lines))}


def express(*lines: str, head: str = EXPRESS, path: str = "app.js") -> dict[str, str | None]:
    return {path: head + "".join(f"{one}\n" for one in lines)}


def go(*lines: str, path: str = "main.go") -> dict[str, str | None]:
    return {path: GO.format("".join(f"\t{one}\n" for one in lines))}


def spring(name: str, *lines: str) -> dict[str, str | None]:
    return {f"src/main/java/{name}.java": SPRING.format(name, "".join(f"    {one}\n" for one in lines))}


BLUEPRINT = "from flask import Blueprint\nbp = Blueprint('x', __name__, url_prefix='/api')\n"
ROUTER = "from fastapi import APIRouter\nrouter = APIRouter()\n"
USERS = "error duplicate-route GET /users"
ROUTES = {
    "flask": (flask(), view("app.route('/users')", "a"), view("app.route('/users')", "b"), [USERS]),
    "flask same handler": (flask(), view("app.route('/users')", "a"), view("app.route('/users')", "a"), []),
    "flask layout only": (
        flask(),
        view("app.route('/users')", "a"),
        view("app.route('/users')", "a", body="1  # one"),
        [],
    ),
    "flask other body": (
        flask(),
        view("app.route('/users')", "a"),
        view("app.route('/users')", "a", body="2"),
        [USERS],
    ),
    "flask other method": (
        flask(),
        view("app.route('/users')", "a"),
        view("app.route('/users', methods=['POST'])", "b"),
        [],
    ),
    "flask methods overlap": (
        flask(),
        view("app.route('/users', methods=['GET', 'POST'])", "a"),
        view("app.post('/users')", "b"),
        ["error duplicate-route POST /users"],
    ),
    "flask parameters": (
        flask(),
        view("app.route('/users/<name>')", "a"),
        view("app.route('/users/<user>')", "b"),
        ["error duplicate-route GET /users/{}"],
    ),
    "flask converters": (
        flask(),
        view("app.route('/users/<int:id>')", "a"),
        view("app.route('/users/<name>')", "b"),
        ["note duplicate-route GET /users/{}"],
    ),
    "flask slash": (
        flask(),
        view("app.route('/users')", "a"),
        view("app.route('/users/')", "b"),
        ["warning duplicate-route GET /users"],
    ),
    "base has it": (
        view("app.route('/users')", "a"),
        view("app.route('/users')", "a", body="2"),
        view("app.route('/users')", "b"),
        [],
    ),
    "imported application": (
        flask(path="shop/app.py"),
        view("app.route('/users')", "a", head="from shop.app import app\n", path="shop/one.py"),
        view("app.route('/users')", "b", head="from .app import app\n", path="shop/two.py"),
        [USERS],
    ),
    "imported and local": (
        flask(path="src/shop/app.py"),
        view("app.route('/users')", "a", path="src/shop/app.py"),
        view("app.route('/users')", "b", head="from shop.app import app\n", path="src/shop/two.py"),
        [USERS],
    ),
    "two applications": (
        {},
        view("app.route('/users')", "a", path="one.py"),
        view("app.route('/users')", "b", path="two.py"),
        [],
    ),
    "tests have their own": (
        {},
        view("app.route('/users')", "a", path="tests/test_a.py"),
        view("app.route('/users')", "b", path="tests/test_a.py"),
        [],
    ),
    "a parameter": (
        {},
        view("app.get('/users')", "a", head="", path="one.py"),
        view("app.get('/users')", "b", head="", path="two.py"),
        ["warning duplicate-route GET /users"],
    ),
    "blueprints with a prefix": (
        {},
        view("bp.route('/users')", "a", head=BLUEPRINT, path="one.py"),
        view("bp.route('/users')", "b", head=BLUEPRINT, path="two.py"),
        ["warning duplicate-route GET /api/users"],
    ),
    "routers mounted elsewhere": (
        {},
        view("router.get('/users')", "a", head=ROUTER, path="one.py"),
        view("router.get('/users')", "b", head=ROUTER, path="two.py"),
        ["note duplicate-route GET /users"],
    ),
    "versions of an interface": (
        {},
        view("router.get('/users')", "a", head=ROUTER, path="api/v1/users.py"),
        view("router.get('/users')", "b", head=ROUTER, path="api/v2/users.py"),
        [],
    ),
    "fastapi": (
        {},
        view("router.get('/users/{id}')", "a", head=ROUTER),
        view("router.get('/users/{user_id}')", "b", head=ROUTER),
        ["error duplicate-route GET /users/{}"],
    ),
    "only a comment": (
        flask(),
        {"app.py": FLASK + "# @app.route('/users')\n"},
        view("app.route('/users')", "b"),
        [],
    ),
    "django": (
        urls(),
        urls("path('users/', views.a)"),
        urls("path('users/', views.b)"),
        ["error duplicate-route ANY /users"],
    ),
    "django same": (urls(), urls("path('users/', views.a)"), urls("path('users/', views.a)"), []),
    "django parameters": (
        urls(),
        urls("path('users/<int:pk>/', views.a)"),
        urls("path('users/<int:id>/', views.b)"),
        ["error duplicate-route ANY /users/{}"],
    ),
    "django two urlconfs": (
        {},
        urls("path('', views.a)"),
        urls("path('', views.b)", path="urls.py"),
        [],
    ),
    "django includes": (urls(), urls("path('a/', include('x'))"), urls("path('a/', include('y'))"), []),
    "django groups": (
        urls(),
        urls("re_path(r'^users/(?P<pk>[0-9]+)/$', a)"),
        urls("re_path(r'^users/(?P<id>[0-9]+)/$', b)"),
        ["error duplicate-route ANY /users/{}"],
    ),
    "express": (
        express(),
        express("app.get('/users', list);"),
        express("app.get('/users', (q, s) => s.send(1));"),
        [USERS],
    ),
    "express parameters": (
        express(),
        express("app.get('/users/:id', a);"),
        express("app.get('/users/:user', b);"),
        ["error duplicate-route GET /users/{}"],
    ),
    "express same": (
        express(),
        express("app.get('/users', a);"),
        express("app.get( '/users',  a);", "// hi"),
        [],
    ),
    "express method": (express(), express("app.get('/users', a);"), express("app.post('/users', b);"), []),
    "express commented": (
        express(),
        express("// app.get('/users', a);"),
        express("app.get('/users', b);"),
        [],
    ),
    "express setting": (express(), express("app.get('/env');"), express("app.get('/env', b);"), []),
    "express route chain": (
        express(),
        express("app.route('/users').get(a).post(b);"),
        express("app.post('/users', c);"),
        ["error duplicate-route POST /users"],
    ),
    "express imported": (
        express(),
        express("app.get('/users', a);", head="import { app } from './app.js';\n", path="one.js"),
        express("app.get('/users', b);", head="const app = require('./app');\n", path="two.js"),
        [USERS],
    ),
    "a client": (
        {},
        express("client.get('/users', a);", head="const client = axios.create();\n"),
        express("client.get('/users', b);", head="const client = axios.create();\n"),
        [],
    ),
    "go mux": (
        go(),
        go('mux.HandleFunc("GET /users", a)'),
        go('mux.HandleFunc("GET /users", b)'),
        [USERS],
    ),
    "go mux methods": (
        go(),
        go('mux.HandleFunc("GET /users", a)'),
        go('mux.HandleFunc("POST /users", b)'),
        [],
    ),
    "go wildcards": (
        go(),
        go('mux.HandleFunc("GET /users/{id}", a)'),
        go('mux.HandleFunc("GET /users/{name}", b)'),
        ["error duplicate-route GET /users/{}"],
    ),
    "go default mux": (
        {},
        go('http.HandleFunc("/users", a)', path="cmd/one.go"),
        go('http.HandleFunc("/users", b)', path="cmd/two.go"),
        ["error duplicate-route ANY /users"],
    ),
    "go two programs": (
        {},
        go('http.HandleFunc("/users", a)', path="cmd/a/main.go"),
        go('http.HandleFunc("/users", b)', path="cmd/b/main.go"),
        [],
    ),
    "go gorilla": (
        go(),
        go('mux.HandleFunc("/users", a).Methods("GET")'),
        go('mux.HandleFunc("/users", b).Methods("POST")'),
        [],
    ),
    "go groups": (
        go(),
        go('api := mux.Group("/api")', 'api.GET("/users", a)'),
        go('mux.GET("/api/users", b)'),
        ["error duplicate-route GET /api/users"],
    ),
    "go nested": (
        go(),
        go('mux.Route("/api", func(r chi.Router) {', 'mux.Get("/users", a)', "})"),
        go('mux.Get("/users", b)'),
        [],
    ),
    "spring": (
        {},
        spring("A", '@GetMapping("/users/{id}")', "public User one(@PathVariable int id) { return null; }"),
        spring(
            "B",
            '@RequestMapping(value = "/users/{user}", method = RequestMethod.GET)',
            "User two(int user) { return x; }",
        ),
        ["error duplicate-route GET /api/users/{}"],
    ),
    "spring method": (
        {},
        spring("A", '@GetMapping("/users")', "User one() { return null; }"),
        spring("B", '@PostMapping("/users")', "User two() { return x; }"),
        [],
    ),
    "spring narrowed": (
        {},
        spring("A", '@GetMapping(path = "/users", params = "x")', "User one() { return null; }"),
        spring("B", '@GetMapping("/users")', "User two() { return x; }"),
        ["warning duplicate-route GET /api/users"],
    ),
    "spring several": (
        {},
        spring("A", '@GetMapping({"/users", "/people"})', "User one() { return null; }"),
        spring("B", '@GetMapping("/people")', "User two() { return x; }"),
        ["error duplicate-route GET /api/people"],
    ),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), ROUTES.values(), ids=ROUTES)
def test_routes(workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]) -> None:
    workshop.check(base, ours, theirs, expected)


CLICK = "import click\n\n@click.group()\ndef cli():\n    pass\n"
TYPER = "import typer\napp = typer.Typer()\n"
ARGPARSE = "import argparse\n\ndef main():\n    parser = argparse.ArgumentParser()\n    sub = parser.add_subparsers()\n"


def argument(*lines: str) -> dict[str, str | None]:
    return {"cli.py": ARGPARSE + "".join(f"    {one}\n" for one in lines)}


def scripts(body: str) -> dict[str, str | None]:
    return {"package.json": f'{{\n  "scripts": {{\n    {body}\n  }}\n}}\n'}


COMMANDS = {
    "click": (
        {"cli.py": CLICK},
        view("cli.command('sync')", "a", head=CLICK, path="cli.py"),
        view("cli.command(name='sync')", "b", head=CLICK, path="cli.py"),
        ["error duplicate-command command sync"],
    ),
    "click by function": (
        {"cli.py": CLICK},
        view("cli.command()", "sync_all", head=CLICK, path="cli.py"),
        view("cli.command('sync-all')", "b", head=CLICK, path="cli.py"),
        ["error duplicate-command command sync-all"],
    ),
    "click same": (
        {"cli.py": CLICK},
        view("cli.command('sync')", "a", head=CLICK, path="cli.py"),
        view("cli.command('sync')", "a", head=CLICK, path="cli.py"),
        [],
    ),
    "click other groups": (
        {},
        view("one.command('sync')", "a", head=CLICK.replace("cli", "one"), path="one.py"),
        view("two.command('sync')", "b", head=CLICK.replace("cli", "two"), path="two.py"),
        [],
    ),
    "click base has it": (
        view("cli.command('sync')", "a", head=CLICK, path="cli.py"),
        view("cli.command('sync')", "a", head=CLICK, path="cli.py", body="2"),
        view("cli.command('sync')", "a", head=CLICK, path="cli.py", body="3"),
        [],
    ),
    "typer across files": (
        {"cli/app.py": TYPER},
        view("app.command()", "sync", head="from cli.app import app\n", path="cli/one.py"),
        view("app.command('sync')", "b", head="from cli.app import app\n", path="cli/two.py"),
        ["error duplicate-command command sync"],
    ),
    "argparse": (
        argument(),
        argument("p = sub.add_parser('sync', help='a')"),
        argument("q = sub.add_parser('sync', help='b')"),
        ["error duplicate-command command sync"],
    ),
    "argparse arguments": (
        argument(),
        argument("p = sub.add_parser('sync')", "p.add_argument('--a')"),
        argument("p = sub.add_parser('sync')", "p.add_argument('--b')"),
        ["error duplicate-command command sync"],
    ),
    "argparse same": (
        argument(),
        argument("p = sub.add_parser('sync')"),
        argument("p = sub.add_parser('sync')"),
        [],
    ),
    "argparse other": (
        argument(),
        argument("p = sub.add_parser('sync')"),
        argument("p = sub.add_parser('push')"),
        [],
    ),
    "npm scripts": (
        scripts('"a": "x"'),
        scripts('"a": "x", "lint": "eslint ."'),
        scripts('"a": "x", "lint": "biome check"'),
        ["error duplicate-command npm script lint"],
    ),
    "npm scripts same": (
        scripts('"a": "x"'),
        scripts('"a": "x", "lint": "eslint ."'),
        scripts('"lint": "eslint  .", "a": "x"'),
        [],
    ),
    "npm scripts changed": (
        scripts('"a": "x"'),
        scripts('"a": "y"'),
        scripts('"a": "z"'),
        ["warning duplicate-command npm script a"],
    ),
    "entry points": (
        {},
        {"pyproject.toml": "[project.scripts]\ntool = 'a:main'\n"},
        {"pyproject.toml": "[project.scripts]\ntool = 'b:main'\n"},
        ["error duplicate-command entry point tool"],
    ),
    "entry points same": (
        {},
        {"pyproject.toml": "[project.scripts]\ntool = 'a:main'\n"},
        {"pyproject.toml": "[project.scripts]\ntool = 'a: main'\n"},
        [],
    ),
    "make": (
        {"Makefile": "all:\n\ttrue\n"},
        {"Makefile": "all:\n\ttrue\n\nlint:\n\truff check\n"},
        {"Makefile": "lint:\n\tflake8\n\nall:\n\ttrue\n"},
        ["error duplicate-command make target lint"],
    ),
    "make, only what it needs": (
        {},
        {"Makefile": ".PHONY: lint\nlint: a\n"},
        {"Makefile": ".PHONY: lint\nlint: b\n\tflake8\n"},
        [],
    ),
    "make variables": ({}, {"Makefile": "lint := a\nX = a: b\n"}, {"Makefile": "lint := b\nX = a: c\n"}, []),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_commands(workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]) -> None:
    workshop.check(base, ours, theirs, expected)


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


def code(text: str, path: str = "a.py") -> dict[str, str | None]:
    return {path: f"import os\n{text}\n"}


PORT = ["warning default-differs PORT"]
DEFAULTS = {
    "environment": (
        {},
        code("x = os.environ.get('PORT', '80')"),
        code("y = os.getenv('PORT', '81')", "b.py"),
        PORT,
    ),
    "number and text": (
        {},
        code("x = os.environ.get('PORT', '80')"),
        code("y = os.getenv('PORT', 80)", "b.py"),
        [],
    ),
    "no default": ({}, code("x = os.environ.get('PORT')"), code("y = os.getenv('PORT', '81')", "b.py"), []),
    "computed": (
        {},
        code("x = os.environ.get('PORT', port)"),
        code("y = os.getenv('PORT', '81')", "b.py"),
        [],
    ),
    "commented": (
        {},
        code("# os.environ.get('PORT', '80')"),
        code("y = os.getenv('PORT', '81')", "b.py"),
        [],
    ),
    "tests": (
        {},
        code("x = os.environ.get('PORT', '80')", "tests/a.py"),
        code("y = os.getenv('PORT', '81')", "b.py"),
        [],
    ),
    "one side says both": (
        {},
        code("x = os.environ.get('PORT', '80'), os.getenv('PORT', '81')"),
        code("y = os.getenv('PORT', '81')", "b.py"),
        [],
    ),
    "used and changed": (
        code("x = os.environ.get('PORT', '80')"),
        code("x = os.environ.get('PORT', '90')"),
        code("y = os.getenv('PORT', '80')", "b.py"),
        PORT,
    ),
    "decouple": (
        {},
        code("x = config('PORT', default=80)"),
        code("x = config('PORT', default=81, cast=int)", "b.py"),
        PORT,
    ),
    "javascript": (
        {},
        {"a.js": "const p = process.env.PORT || 3000;\n"},
        {"b.ts": "const p = process.env['PORT'] ?? '4000';\n"},
        PORT,
    ),
    "shell": ({}, {"a.sh": "run ${PORT:-80}\n"}, {"compose.yaml": 'a: "${PORT:-81}"\n'}, PORT),
    "example file": ({}, {".env.example": "PORT=80\n"}, {".env.example": "PORT=81 # why\n"}, PORT),
    "example file same": ({}, {".env.example": "PORT=80\n"}, {".env.example": "PORT='80' # why\n"}, []),
    "two deployments": ({}, {".env.staging": "PORT=80\n"}, {".env.production": "PORT=81\n"}, []),
    "example and code": (
        {},
        {".env.example": "PORT=80\n"},
        code("os.getenv('PORT', '81')"),
        ["note default-differs PORT"],
    ),
    "settings": (
        code("", "shop/settings.py"),
        code("PAGE = 10", "shop/settings.py"),
        code("PAGE: int = 20", "shop/settings.py"),
        ["warning default-differs shop/settings.py:PAGE"],
    ),
    "settings same": (
        code("", "shop/settings.py"),
        code("PAGE = 10", "shop/settings.py"),
        code("OTHER = 1\nPAGE = 10", "shop/settings.py"),
        [],
    ),
    "not settings": (
        code("", "shop/a.py"),
        code("PAGE = 10", "shop/a.py"),
        code("PAGE = 20", "shop/a.py"),
        [],
    ),
    "toml": (
        {"a.toml": "[x]\na = 1\n"},
        {"a.toml": "[x]\na = 1\nb = 1\n"},
        {"a.toml": "[x]\nb = 2\na = 1\n"},
        ["error default-differs a.toml:x.b"],
    ),
    "toml changed": (
        {"a.toml": "[x]\na = 1\n"},
        {"a.toml": "[x]\na = 2\n"},
        {"a.toml": "[x]\na = 3\n"},
        ["warning default-differs a.toml:x.a"],
    ),
    "toml same key, other table": (
        {"a.toml": "[x]\na = 1\n"},
        {"a.toml": "[x]\na = 1\nb = 1\n"},
        {"a.toml": "[x]\na = 1\n[y]\nb = 2\n"},
        [],
    ),
    "yaml": (
        {"a.yaml": "x:\n  a: 1\n"},
        {"a.yaml": "x:\n  a: 1\n  b: 1\n"},
        {"a.yaml": "x:\n  b: '2' # two\n  a: 1\n"},
        ["warning default-differs a.yaml:x.b"],
    ),
    "yaml lists and texts": (
        {"a.yaml": "x:\n  - a: 1\n    b: 1\nt: |\n  k: 1\n"},
        {"a.yaml": "x:\n  - a: 2\n    b: 2\nt: |\n  k: 2\n"},
        {"a.yaml": "x:\n  - a: 3\n    b: 3\nt: |\n  k: 3\n"},
        [],
    ),
    "yaml same": ({"a.yml": "a: 1\n"}, {"a.yml": "a: 1\nb: 2\n"}, {"a.yml": 'a: 1\nb: "2"\n'}, []),
    "ini": (
        {"a.ini": "[x]\n"},
        {"a.ini": "[x]\na = 1\n"},
        {"a.ini": "[x]\na: 2\n"},
        ["warning default-differs a.ini:x.a"],
    ),
    "ini sections": ({"a.ini": "[x]\n"}, {"a.ini": "[x]\na = 1\n"}, {"a.ini": "[x]\n[y]\na = 2\n"}, []),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), DEFAULTS.values(), ids=DEFAULTS)
def test_defaults(workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]) -> None:
    workshop.check(base, ours, theirs, expected)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return new_lab(tmp_path)


def branch(lab: Lab, name: str, files: Files) -> Side:
    lab.git("checkout", "-q", "-b", name, "main")
    commit = lab.commit(dict(files))
    return Side(name=name, commit=commit, tree=lab.git("rev-parse", "HEAD^{tree}"))


def test_branches_that_git_merges_cleanly_are_told_all_the_same(lab: Lab) -> None:
    lab.commit({**FOUR, **flask(), "requirements.txt": "a\nb\nc\nd\n", "x.proto": "message A {\n}\n"})
    base = lab.git("rev-parse", "HEAD^{tree}")
    ours = {
        **django("0005_a", "0004_x"),
        "requirements.txt": "lib==1\na\nb\nc\nd\n",
        **view("app.route('/users')", "a", head="from app import app\n", path="one.py"),
    }
    theirs = {
        **django("0005_b", "0004_x"),
        "requirements.txt": "a\nb\nc\nd\nlib==2\n",
        **view("app.route('/users')", "b", head="from app import app\n", path="two.py"),
    }
    sides = [branch(lab, "alpha", ours), branch(lab, "beta", theirs)]
    merge = subprocess.run(
        ["git", "merge-tree", "--write-tree", "alpha", "beta"],
        cwd=lab.root,
        env=lab.env,
        capture_output=True,
        check=False,
    )
    assert merge.returncode == 0, merge.stdout
    found = ManifestDetector(TreeView(lab.repository)).detect(base, sides)
    assert sorted((one.kind, str(one.severity)) for one in found) == [
        ("dependency-clash", "error"),
        ("duplicate-route", "error"),
        ("migration-collision", "error"),
    ]
    again = ManifestDetector(TreeView(lab.repository)).detect(base, sides[::-1])
    assert {one.id for one in again} == {one.id for one in found}


def test_a_branch_against_itself_or_nothing_is_quiet(lab: Lab) -> None:
    base = lab.git("rev-parse", "HEAD^{tree}")
    one = branch(lab, "alpha", view("app.route('/users')", "a"))
    same = Side(name="beta", commit=one.commit, tree=one.tree)
    nothing = Side(name="gamma", commit=one.commit, tree=base)
    assert ManifestDetector(TreeView(lab.repository)).detect(base, [one, same, nothing]) == ()


def test_links_and_binaries_are_left_alone(lab: Lab) -> None:
    base = lab.git("rev-parse", "HEAD^{tree}")
    (lab.root / "requirements.txt").symlink_to("README.md")
    one = branch(lab, "alpha", {"package.json": "\0\0"})
    two = branch(
        lab, "beta", {"requirements.txt": "lib==1\n", "package.json": '{"dependencies": {"lib": "1"}}'}
    )
    assert ManifestDetector(TreeView(lab.repository)).detect(base, [one, two]) == ()

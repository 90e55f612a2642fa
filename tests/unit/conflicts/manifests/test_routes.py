"""Routes that two branches answer with two handlers."""

from __future__ import annotations

import pytest

from unit.conflicts.manifests.workshop import (
    FLASK,
    Files,
    Workshop,
    flask,
    view,
)

URLS = "from django.urls import include, path\nurlpatterns = [\n{}]\n"


EXPRESS = "const express = require('express');\nconst app = express();\n"


GO = 'package main\n\nimport "net/http"\n\nfunc main() {{\n\tmux := http.NewServeMux()\n{}}}\n'


SPRING = '@RestController\n@RequestMapping("/api")\npublic class {} {{\n{}}}\n'


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

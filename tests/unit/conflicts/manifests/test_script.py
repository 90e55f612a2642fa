"""Routes and mounts of Express, in JavaScript and TypeScript, finished or not."""

from __future__ import annotations

from devassist.conflicts.manifests.script import script_routes, script_wiring

HEAD = 'const express = require("express");\nconst app = express();\n'


def keys(body: str, path: str = "app.js") -> list[str]:
    return [fact.key for fact in script_routes(path, HEAD + body)]


def test_half_written_lines_leave_the_routes_around_them() -> None:
    assert keys('app.get("/a", a);\nconst = ;\nif (user.) {\napp.get("/b", b);') == ["GET /a", "GET /b"]


def test_routes_in_comments_and_strings_are_none() -> None:
    assert keys('// app.get("/a", a)\n/* app.get("/b", b) */\nprint(`app.get("/c", c)`)') == []


def test_verbs_behind_a_route_share_its_path() -> None:
    assert keys('app.route("/users").get(list).post(check, create);') == ["GET /users", "POST /users"]


def test_a_path_with_a_substitution_is_no_route() -> None:
    assert keys("app.get(`/users/${version}`, users)") == []


def test_typescript_with_types_has_the_same_routes() -> None:
    body = 'const api: Router = Router<State>();\napi.get<Params>("/users", (req: Request): void => {});'
    assert keys(body, "app.ts") == ["GET /users"]


def test_every_application_of_one_declaration_is_known() -> None:
    made, _mounts = script_wiring("app.js", "var blog = express(), forum = await express().listen(80);")
    assert [(receiver.scope, receiver.kind) for receiver in made] == [
        ("app:blog", "app"),
        ("app:forum", "app"),
    ]


def test_mounts_name_what_they_import() -> None:
    text = (
        'import { router as users } from "./users/index.js";\n'
        "const app = express();\n"
        'app.use("/users", check, users);\n'
        'app.use(require("./orders"));\n'
        "app.use(`/${version}`, users);\n"
    )
    _made, mounts = script_wiring("src/app.js", text)
    assert [(mount.prefix, mount.child.scope) for mount in mounts] == [
        ("/users", "src/users:router"),
        ("", "src/orders:*"),
    ]

"""Injected cases for TypeScript and JavaScript."""

from __future__ import annotations

from corpus.injected_types import Case

MOD = """import { log } from "./log";

export const LIMIT = 10;

export function load(path: string, mode: string = "r"): string {
  log(path);
  return path + mode;
}

export function store(path: string, text: string): void {
  log(path + text);
}

export class Engine {
  constructor(private name: string) {}

  igniteAll(force: boolean): string {
    return this.name + force;
  }

  haltEngine(): void {}
}

function hidden(x: number) {
  return x;
}
"""
LOG = "export function log(x: string): void {}\nexport const warn = (x: string) => x;\n"
NO_LOAD = MOD.replace(MOD[MOD.index("export function load") : MOD.index("export function store")], "")
NO_HALT = MOD.replace("  haltEngine(): void {}\n", "")
USE = 'import { load } from "./mod";\n\nexport const run = () => load("x");\n'
SHAPE = "export interface Shape {\n  area(): number;\n}\n\nexport abstract class Base {\n  abstract cost(): number;\n  describe(depth: number) { return depth; }\n}\n"


def _strip(text):
    """The same in JavaScript, roughly."""
    for old, new in (
        (": string", ""),
        (": number", ""),
        (": boolean", ""),
        (": void", ""),
        ("constructor(private name) {}", "constructor(name) { this.name = name; }"),
    ):
        text = text.replace(old, new)
    return text


BASE = {"src/mod.ts": MOD, "src/log.ts": LOG, "src/index.ts": 'export { store as put } from "./mod";\n'}


def ts(name, a, b, *expected, base=None, unique=True):
    return Case("typescript", name, {**BASE, **(base or {})}, a, b, expected, unique)


def js(name, a, b, *expected, base=None, unique=True):
    def turn(files):
        return {
            path.replace(".tsx", ".jsx").replace(".ts", ".js"): None if text is None else _strip(text)
            for path, text in files.items()
        }

    return Case("javascript", name, turn({**BASE, **(base or {})}), turn(a), turn(b), expected, unique)


REMOVED = ("removed-symbol-used", "error")
REN = ("renamed-symbol-used", "error")
MOVED = ("moved-symbol-used", "error")
SIGNATURE = ("signature-changed-called", "error")
BIG = """export function {name}(rows, key, limit) {{
  const grouped = new Map();
  for (const row of rows) {{
    const value = row[key];
    if (!grouped.has(value)) grouped.set(value, []);
    grouped.get(value).push(row);
  }}
  return [...grouped.entries()].sort((x, y) => y[1].length - x[1].length).slice(0, limit);
}}
"""


def both(name, a, b, *expected, base=None, unique=True):
    return (
        ts(name, a, b, *expected, base=base, unique=unique),
        js(name, a, b, *expected, base=base, unique=unique),
    )


PATHS = """{
  // where things are
  "compilerOptions": {
    "baseUrl": ".",
    "paths": { "#core/*": ["src/*"], "store-module": ["./src/mod"], },
  },
}
"""
DEMAND = """export class Plugin {
  run(input: string) {
    throw new Error("run() is not implemented");
  }
}
"""
DEMANDS = DEMAND.replace(
    "export class Plugin {",
    "export class Plugin {\n  stop(now: boolean) {\n    throw new Error('must be implemented');\n  }\n",
)
PLUGIN = 'import { Plugin } from "./plugin";\nexport class Mine extends Plugin {\n  run(input: string) {\n    return input;\n  }\n}\n'
SCRIPT = (
    *both(
        "removed, import by a path of tsconfig.json",
        {"src/mod.ts": NO_LOAD},
        {"app/a.ts": 'import { load } from "#core/mod";\nload("x");\n'},
        REMOVED,
        base={"tsconfig.json": PATHS},
    ),
    *both(
        "removed, import by an exact path of a configuration that is extended",
        {"src/mod.ts": NO_LOAD},
        {"app/a.ts": 'import { load } from "store-module";\nload("x");\n'},
        REMOVED,
        base={"app/tsconfig.json": '{"extends": "../tsconfig.base"}', "tsconfig.base.json": PATHS},
    ),
    *both(
        "ok: a path that leads elsewhere",
        {"src/mod.ts": NO_LOAD},
        {"app/a.ts": 'import { load } from "#core/mod";\nload("x");\n'},
        base={
            "tsconfig.json": PATHS.replace('"src/*"', '"other/*"'),
            "other/mod.ts": "export function load(x: string) { return x; }\n",
        },
    ),
    *both(
        "new demand of a base class, by a throw",
        {"src/plugin.ts": DEMANDS},
        {"src/mine.ts": PLUGIN},
        ("override-mismatch", "warning"),
        base={"src/plugin.ts": DEMAND},
    ),
    *both(
        "ok: a new method of a base class that does something",
        {"src/plugin.ts": DEMANDS.replace("throw new Error('must be implemented')", "return now")},
        {"src/mine.ts": PLUGIN},
        base={"src/plugin.ts": DEMAND},
    ),
    *both(
        "ok: a new demand that the new class meets",
        {"src/plugin.ts": DEMANDS},
        {"src/mine.ts": PLUGIN.replace("  run(", "  stop(now: boolean) {}\n  run(")},
        base={"src/plugin.ts": DEMAND},
    ),
    *both("removed, named import", {"src/mod.ts": NO_LOAD}, {"src/new.ts": USE}, REMOVED),
    *both(
        "removed, namespace import",
        {"src/mod.ts": NO_LOAD},
        {"src/new.ts": 'import * as m from "./mod";\nm.load("x");\n'},
        REMOVED,
    ),
    *both(
        "removed, aliased import",
        {"src/mod.ts": NO_LOAD},
        {"src/new.ts": 'import { load as l } from "./mod";\nl("x");\n'},
        REMOVED,
    ),
    *both(
        "removed, same file",
        {"src/mod.ts": NO_LOAD},
        {"src/mod.ts": MOD + "\nexport function again(p: string) { return load(p); }\n"},
        REMOVED,
    ),
    *both(
        "removed, re-export",
        {"src/index.ts": "export {};\n"},
        {"app/a.ts": 'import { put } from "../src";\nput("a", "b");\n'},
        REMOVED,
    ),
    *both(
        "removed, re-exported by the other",
        {"src/mod.ts": NO_LOAD},
        {"src/all.ts": 'export { load } from "./mod";\n'},
        REMOVED,
    ),
    *both(
        "no longer exported",
        {"src/mod.ts": MOD.replace("export function load", "function load")},
        {"src/new.ts": USE},
        REMOVED,
    ),
    *both(
        "removed constant",
        {"src/mod.ts": MOD.replace("export const LIMIT = 10;\n", "")},
        {"src/new.ts": 'import { LIMIT } from "./mod";\nconsole.log(LIMIT);\n'},
        REMOVED,
    ),
    *both(
        "removed arrow function",
        {"src/log.ts": "export function log(x: string): void {}\n"},
        {"src/new.ts": 'import { warn } from "./log";\nwarn("x");\n'},
        REMOVED,
    ),
    *both(
        "removed class",
        {"src/mod.ts": MOD[: MOD.index("export class")]},
        {"src/new.ts": 'import { Engine } from "./mod";\nnew Engine("x");\n'},
        REMOVED,
    ),
    *both(
        "removed default export",
        {"src/d.ts": "export function f() { return 1; }\n"},
        {"src/new.ts": 'import f from "./d";\nf();\n'},
        REMOVED,
        base={"src/d.ts": "export default function f() { return 1; }\n"},
    ),
    *both(
        "removed method, constructed",
        {"src/mod.ts": NO_HALT},
        {
            "src/new.ts": 'import { Engine } from "./mod";\nexport function go() {\n  const e = new Engine("a");\n  e.haltEngine();\n}\n'
        },
        REMOVED,
    ),
    *both(
        "removed method on this",
        {"src/mod.ts": NO_HALT},
        {
            "src/mod.ts": MOD.replace(
                "    return this.name + force;", "    this.haltEngine();\n    return this.name + force;"
            )
        },
        REMOVED,
    ),
    ts(
        "removed method, typed parameter",
        {"src/mod.ts": NO_HALT},
        {
            "src/new.ts": 'import type { Engine } from "./mod";\nexport const go = (e: Engine) => e.haltEngine();\n'
        },
        REMOVED,
    ),
    ts(
        "removed method, typed field",
        {"src/mod.ts": NO_HALT},
        {
            "src/new.ts": 'import { Engine } from "./mod";\nexport class Car {\n  private engine: Engine;\n  go() { this.engine.haltEngine(); }\n}\n'
        },
        REMOVED,
    ),
    *both(
        "removed method, unknown receiver",
        {"src/mod.ts": NO_HALT},
        {"src/new.ts": "export const go = (e) => e.haltEngine();\n"},
        REMOVED,
    ),
    *both(
        "removed method, ambiguous",
        {"src/mod.ts": NO_HALT},
        {"src/new.ts": "export const go = (e) => e.haltEngine();\n"},
        ("removed-symbol-used", "warning"),
        base={"src/o.ts": "export class Boat { haltEngine() { return 1; } }\n"},
        unique=False,
    ),
    ts(
        "removed type",
        {"src/t.ts": "export type Other = string;\n"},
        {"src/new.ts": 'import type { Name } from "./t";\nexport const n: Name = "x";\n'},
        REMOVED,
        base={"src/t.ts": "export type Name = string;\nexport type Other = string;\n"},
    ),
    ts(
        "removed enum member",
        {"src/t.ts": "export enum Color { Red }\n"},
        {"src/new.ts": 'import { Color } from "./t";\nexport const c = Color.Green;\n'},
        REMOVED,
        base={"src/t.ts": "export enum Color { Red, Green }\n"},
    ),
    *both(
        "removed component",
        {"src/V.tsx": "export const Other = () => <p />;\n"},
        {"src/App.tsx": 'import { View } from "./V";\nexport const App = () => <View a={1} />;\n'},
        REMOVED,
        base={"src/V.tsx": "export const View = () => <b />;\nexport const Other = () => <p />;\n"},
    ),
    js(
        "removed from module.exports",
        {"src/c.ts": "function a() { return 1; }\nmodule.exports = { a };\n"},
        {"src/new.ts": 'const { b } = require("./c");\nb();\n'},
        REMOVED,
        base={
            "src/c.ts": "function a() { return 1; }\nfunction b() { return [2, 3]; }\nmodule.exports = { a, b };\n"
        },
    ),
    js(
        "removed exports.name",
        {"src/c.ts": "exports.a = () => 1;\n"},
        {"src/new.ts": 'const c = require("./c");\nc.b();\n'},
        REMOVED,
        base={"src/c.ts": "exports.a = () => 1;\nexports.b = function () { return [2]; };\n"},
    ),
    *both(
        "removed module",
        {
            "src/log.ts": None,
            "src/mod.ts": MOD.replace('import { log } from "./log";\n', "const log = (x) => x;\n"),
        },
        {"src/new.ts": 'import { log } from "./log";\nlog("x");\n'},
        REMOVED,
    ),
    *both(
        "renamed", {"src/mod.ts": MOD.replace("function load", "function readFile")}, {"src/new.ts": USE}, REN
    ),
    *both(
        "renamed method",
        {"src/mod.ts": MOD.replace("igniteAll", "startAll")},
        {"src/new.ts": 'import { Engine } from "./mod";\nnew Engine("a").igniteAll(true);\n'},
        REN,
    ),
    *both(
        "moved",
        {
            "src/mod.ts": NO_LOAD,
            "src/io.ts": 'import { log } from "./log";\nexport function load(path: string, mode: string = "r"): string {\n  log(path);\n  return path + mode;\n}\n',
        },
        {"src/new.ts": USE},
        MOVED,
    ),
    *both(
        "moved module",
        {"src/log.ts": None, "src/out.ts": LOG, "src/mod.ts": MOD.replace("./log", "./out")},
        {"src/new.ts": 'import * as l from "./log";\nl.log("x");\n'},
        MOVED,
    ),
    *both(
        "required parameter added",
        {"src/mod.ts": MOD.replace('mode: string = "r"', "mode: string, size: number")},
        {"src/new.ts": USE},
        SIGNATURE,
    ),
    *both(
        "constructor",
        {
            "src/mod.ts": MOD.replace(
                "private name: string)", "private name: string, power: number)"
            ).replace(
                "constructor(private name: string, power: number) {}",
                "constructor(name: string, power: number) { this.name = name; }",
            )
        },
        {"src/new.ts": 'import { Engine } from "./mod";\nnew Engine("a");\n'},
        SIGNATURE,
    ),
    *both(
        "positional reorder",
        {"src/mod.ts": MOD.replace("store(path: string, text: string)", "store(text: string, path: string)")},
        {"src/new.ts": 'import { store } from "./mod";\nstore("p", "t");\n'},
        SIGNATURE,
    ),
    ts(
        "parameter removed",
        {"src/mod.ts": MOD.replace("store(path: string, text: string)", "store(path: string)")},
        {"src/new.ts": 'import { store } from "./mod";\nstore("p", "t");\n'},
        SIGNATURE,
    ),
    *both(
        "duplicate definition",
        {"src/mod.ts": MOD + "\nexport function extra(a: string) { return a; }\n"},
        {
            "src/mod.ts": MOD.replace(
                "export class", "export function extra(b: number) { return [b]; }\n\nexport class"
            )
        },
        ("duplicate-definition", "error"),
    ),
    *both(
        "same function edited",
        {"src/d.ts": "export function f() {\n  let x = 1;\n  let y = 2;\n  let z = 3;\n  return 4;\n}\n"},
        {"src/d.ts": "export function f() {\n  let x = 0;\n  let y = 2;\n  let z = 3;\n  return 5;\n}\n"},
        ("same-symbol-edited", "warning"),
        base={
            "src/d.ts": "export function f() {\n  let x = 0;\n  let y = 2;\n  let z = 3;\n  return 4;\n}\n"
        },
    ),
    *both(
        "duplicate work",
        {"src/a.ts": BIG.format(name="top")},
        {"src/b.ts": BIG.format(name="mostCommon")},
        ("duplicate-work", "warning"),
    ),
    ts(
        "new interface member",
        {"src/s.ts": SHAPE.replace("area(): number;", "area(): number;\n  edge(): number;")},
        {
            "src/q.ts": 'import { Shape } from "./s";\nexport class Q implements Shape {\n  area() { return 1; }\n}\n'
        },
        ("override-mismatch", "error"),
        base={"src/s.ts": SHAPE},
    ),
    ts(
        "new abstract method",
        {
            "src/s.ts": SHAPE.replace(
                "abstract cost(): number;", "abstract cost(): number;\n  abstract risk(): number;"
            )
        },
        {
            "src/q.ts": 'import { Base } from "./s";\nexport class Q extends Base {\n  cost() { return 1; }\n}\n'
        },
        ("override-mismatch", "error"),
        base={"src/s.ts": SHAPE},
    ),
    *both(
        "ok: optional parameter added",
        {"src/mod.ts": MOD.replace('mode: string = "r"', 'mode: string = "r", size: number = 1')},
        {"src/new.ts": USE},
    ),
    ts(
        "ok: question mark parameter",
        {"src/mod.ts": MOD.replace('mode: string = "r"', 'mode: string = "r", size?: number')},
        {"src/new.ts": USE},
    ),
    ts(
        "ok: optional interface member",
        {"src/s.ts": SHAPE.replace("area(): number;", "area(): number;\n  edge?(): number;")},
        {
            "src/q.ts": 'import { Shape } from "./s";\nexport class Q implements Shape {\n  area() { return 1; }\n}\n'
        },
        base={"src/s.ts": SHAPE},
    ),
    *both(
        "ok: alias kept",
        {
            "src/mod.ts": MOD.replace("function load", "function readFile")
            + "\nexport { readFile as load };\n"
        },
        {"src/new.ts": USE},
    ),
    *both(
        "ok: moved and re-exported",
        {
            "src/mod.ts": NO_LOAD + '\nexport { load } from "./io";\n',
            "src/io.ts": "export function load(path: string, mode: string = 'r') { return path; }\n",
        },
        {"src/new.ts": USE},
    ),
    *both(
        "ok: star re-export",
        {
            "src/mod.ts": NO_LOAD + '\nexport * from "./io";\n',
            "src/io.ts": "export function load(path: string, mode: string = 'r') { return path; }\n",
        },
        {"src/new.ts": USE},
    ),
    *both(
        "ok: same name elsewhere",
        {"src/mod.ts": NO_LOAD},
        {"src/new.ts": 'import { load } from "./o";\nload("x");\n'},
        base={"src/o.ts": "export function load(x: string) { return x; }\n"},
    ),
    *both(
        "ok: package of that name",
        {"src/mod.ts": NO_LOAD},
        {"src/new.ts": 'import { load } from "mod";\nload("x");\n'},
    ),
    *both(
        "ok: comment and string",
        {"src/mod.ts": NO_LOAD},
        {"src/new.ts": '// load\nexport const x = "load(1)";\n'},
    ),
    *both(
        "ok: local of that name",
        {"src/mod.ts": NO_LOAD},
        {"src/mod.ts": MOD + "\nfunction other(load) { return load(1); }\n"},
    ),
    *both("ok: private unused", {"src/mod.ts": MOD[: MOD.index("function hidden")]}, {"src/new.ts": USE}),
    *both(
        "ok: export kept through clause",
        {"src/mod.ts": MOD.replace("export function load", "function load") + "\nexport { load };\n"},
        {"src/new.ts": USE},
    ),
    *both(
        "ok: both add the same",
        {"src/mod.ts": MOD + "\nfunction extra() { return 1; }\n"},
        {"src/mod.ts": MOD + "\nfunction extra() { return 1; }\n"},
    ),
    ts(
        "ok: overload added",
        {
            "src/mod.ts": MOD.replace(
                "export function store",
                "export function store(path: string, text: string): void;\nexport function store(path: string): void;\nexport function store",
            ).replace(
                "store(path: string, text: string): void {", "store(path: string, text?: string): void {"
            )
        },
        {"src/new.ts": 'import { store } from "./mod";\nstore("p", "t");\n'},
    ),
    *both(
        "ok: array method of that name",
        {"src/d.ts": "export class P {}\n"},
        {"src/new.ts": "export const f = (x) => x.map((y) => y);\n"},
        base={"src/d.ts": "export class P { map(f) { return f; } }\n"},
    ),
)

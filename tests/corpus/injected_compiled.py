"""Injected cases for Go, Java and Rust."""

from __future__ import annotations

from corpus.injected_types import Case

REMOVED = ("removed-symbol-used", "error")
REN = ("renamed-symbol-used", "error")
MOVED = ("moved-symbol-used", "error")
SIGNATURE = ("signature-changed-called", "error")
DUPLICATE = ("duplicate-definition", "error")
OVERRIDE = ("override-mismatch", "error")
EDITED = ("same-symbol-edited", "warning")
WORK = ("duplicate-work", "warning")


def cases(language, base):
    def case(name, a, b, *expected, base_more=None, unique=True):
        return Case(language, name, {**base, **(base_more or {})}, a, b, expected, unique)

    return case


# Go ---------------------------------------------------------------------------------------------------------
STORE = """package store

import "fmt"

const Limit = 10

type Engine struct {
	Name  string
	Power int
}

type Runner interface {
	Run(steps int) error
	Halt()
}

func Load(path string, mode int) string {
	fmt.Println(path)
	return path
}

func Save(path string) string {
	return "saved " + path
}

func NewEngine(name string) *Engine {
	return &Engine{Name: name}
}

func (e *Engine) IgniteAll(force bool) string {
	return e.Name
}

func (e *Engine) HaltEngine() {
	fmt.Println(e.Name)
}

func helper(x int) int { return x }
"""
GO_BASE = {
    "go.mod": "module example.com/app\n",
    "store/store.go": STORE,
    "main.go": "package main\n\nfunc main() {}\n",
}
GO_NO_LOAD = STORE.replace(STORE[STORE.index("func Load") : STORE.index("func Save")], "")
GO_NO_HALT = STORE.replace(STORE[STORE.index("func (e *Engine) HaltEngine") : STORE.index("func helper")], "")


def gofile(body, package="main"):
    return f'package {package}\n\nimport "example.com/app/store"\n\n{body}'


GO_USE = gofile('func run() string {\n\treturn store.Load("x", 1)\n}\n')
GO_BIG = """package {package}

func {name}(rows []map[string]string, key string, limit int) []string {{
	grouped := map[string]int{{}}
	for _, row := range rows {{
		value := row[key]
		grouped[value] = grouped[value] + 1
	}}
	var found []string
	for value, count := range grouped {{
		if count > limit {{
			found = append(found, value)
		}}
	}}
	return found
}}
"""
go = cases("go", GO_BASE)
GO = (
    go("removed function", {"store/store.go": GO_NO_LOAD}, {"new.go": GO_USE}, REMOVED),
    go(
        "removed, aliased package",
        {"store/store.go": GO_NO_LOAD},
        {"new.go": 'package main\n\nimport st "example.com/app/store"\n\nvar x = st.Load("x", 1)\n'},
        REMOVED,
    ),
    go(
        "removed, same package, other file",
        {"store/store.go": GO_NO_LOAD},
        {"store/more.go": 'package store\n\nfunc More() string { return Load("x", 1) }\n'},
        REMOVED,
    ),
    go(
        "removed constant",
        {"store/store.go": STORE.replace("const Limit = 10\n", "")},
        {"new.go": gofile("var x = store.Limit\n")},
        REMOVED,
    ),
    go(
        "removed type",
        {"store/store.go": STORE.replace(STORE[STORE.index("type Runner") : STORE.index("func Load")], "")},
        {"new.go": gofile("func f(r store.Runner) {}\n")},
        REMOVED,
    ),
    go(
        "removed field",
        {"store/store.go": STORE.replace("\tPower int\n", "")},
        {"new.go": gofile("var e = store.Engine{Power: 1}\n")},
        REMOVED,
    ),
    go(
        "removed field, selected",
        {"store/store.go": STORE.replace("\tPower int\n", "")},
        {"new.go": gofile("func f(e *store.Engine) int { return e.Power }\n")},
        REMOVED,
    ),
    go(
        "removed method, constructor's result",
        {"store/store.go": GO_NO_HALT},
        {"new.go": gofile('func f() {\n\te := store.NewEngine("a")\n\te.HaltEngine()\n}\n')},
        REMOVED,
    ),
    go(
        "removed method, parameter",
        {"store/store.go": GO_NO_HALT},
        {"new.go": gofile("func f(e *store.Engine) { e.HaltEngine() }\n")},
        REMOVED,
    ),
    go(
        "removed method, struct field",
        {"store/store.go": GO_NO_HALT},
        {
            "new.go": gofile(
                "type Car struct {\n\tengine *store.Engine\n}\n\nfunc (c *Car) Go() { c.engine.HaltEngine() }\n"
            )
        },
        REMOVED,
    ),
    go(
        "removed method, embedded",
        {"store/store.go": GO_NO_HALT},
        {
            "new.go": gofile(
                "type Car struct {\n\t*store.Engine\n}\n\nfunc (c *Car) Go() { c.HaltEngine() }\n"
            )
        },
        REMOVED,
    ),
    go(
        "removed import that new code needs",
        {
            "store/store.go": STORE.replace('import "fmt"\n', "")
            .replace("\tfmt.Println(path)\n", "")
            .replace("\tfmt.Println(e.Name)\n", "")
        },
        {"store/store.go": STORE + '\nfunc Tell() { fmt.Print("x") }\n'},
        REMOVED,
    ),
    go("removed package", {"store/store.go": None}, {"new.go": GO_USE}, REMOVED),
    go("renamed", {"store/store.go": STORE.replace("func Load", "func ReadFile")}, {"new.go": GO_USE}, REN),
    go(
        "renamed method",
        {"store/store.go": STORE.replace("IgniteAll", "StartAll")},
        {"new.go": gofile('func f() { store.NewEngine("a").IgniteAll(true) }\n')},
        REN,
    ),
    go(
        "moved to another package",
        {
            "store/store.go": GO_NO_LOAD,
            "files/files.go": 'package files\n\nimport "fmt"\n\nfunc Load(path string, mode int) string {\n\tfmt.Println(path)\n\treturn path\n}\n',
        },
        {"new.go": GO_USE},
        MOVED,
    ),
    go(
        "parameter added",
        {"store/store.go": STORE.replace("mode int)", "mode int, size int)")},
        {"new.go": GO_USE},
        SIGNATURE,
    ),
    go(
        "parameter removed",
        {"store/store.go": STORE.replace("path string, mode int)", "path string)")},
        {"new.go": GO_USE},
        SIGNATURE,
    ),
    go(
        "error added to result",
        {
            "store/store.go": STORE.replace(
                'func Save(path string) string {\n\treturn "saved " + path',
                'func Save(path string) (string, error) {\n\treturn "saved " + path, nil',
            )
        },
        {"new.go": gofile('var x = store.Save("p")\n')},
        SIGNATURE,
    ),
    go(
        "method parameter added",
        {"store/store.go": STORE.replace("IgniteAll(force bool)", "IgniteAll(force bool, slow bool)")},
        {"new.go": gofile("func f(e *store.Engine) { e.IgniteAll(true) }\n")},
        SIGNATURE,
    ),
    go(
        "parameter type changed",
        {"store/store.go": STORE.replace("mode int)", "mode string)")},
        {"new.go": GO_USE},
        ("signature-changed-called", "warning"),
        unique=False,
    ),
    go(
        "same function in two files",
        {"store/a.go": "package store\n\nfunc Extra() int { return 1 }\n"},
        {"store/b.go": "package store\n\nfunc Extra() int { return 2 }\n"},
        DUPLICATE,
    ),
    go(
        "same method in two files",
        {"store/a.go": "package store\n\nfunc (e *Engine) Spin() int { return 1 }\n"},
        {"store/b.go": "package store\n\nfunc (e *Engine) Spin() int { return 2 }\n"},
        DUPLICATE,
    ),
    go(
        "function edited twice",
        {"store/store.go": STORE.replace("fmt.Println(path)", "fmt.Print(path)")},
        {"store/store.go": STORE.replace("\treturn path\n", "\treturn path + path\n")},
        EDITED,
    ),
    go(
        "duplicate work",
        {"a/a.go": GO_BIG.format(package="a", name="Top")},
        {"b/b.go": GO_BIG.format(package="b", name="MostCommon")},
        WORK,
    ),
    go(
        "new interface method",
        {"store/store.go": STORE.replace("\tHalt()\n", "\tHalt()\n\tReset()\n")},
        {
            "new.go": gofile(
                "type Car struct{}\n\nvar _ store.Runner = (*Car)(nil)\n\nfunc (c *Car) Run(steps int) error { return nil }\n\nfunc (c *Car) Halt() {}\n"
            )
        },
        OVERRIDE,
    ),
    go(
        "interface method changed",
        {"store/store.go": STORE.replace("Run(steps int) error", "Run(steps int, fast bool) error")},
        {
            "new.go": gofile(
                "type Car struct{}\n\nfunc (c *Car) Run(steps int) error { return nil }\n\nfunc (c *Car) Halt() {}\n"
            )
        },
        OVERRIDE,
    ),
    go(
        "ok: variadic added",
        {"store/store.go": STORE.replace("mode int)", "mode int, more ...string)")},
        {"new.go": GO_USE},
    ),
    go(
        "ok: parameter renamed",
        {"store/store.go": STORE.replace("mode int)", "how int)")},
        {"new.go": GO_USE},
    ),
    go(
        "ok: moved within package",
        {
            "store/store.go": GO_NO_LOAD,
            "store/load.go": "package store\n\nfunc Load(path string, mode int) string { return path }\n",
        },
        {"new.go": GO_USE},
    ),
    go(
        "ok: alias kept",
        {"store/store.go": STORE.replace("func Load", "func ReadFile") + "\nvar Load = ReadFile\n"},
        {"new.go": GO_USE},
    ),
    go(
        "ok: same name elsewhere",
        {"store/store.go": GO_NO_LOAD},
        {"new.go": 'package main\n\nimport "example.com/app/other"\n\nvar x = other.Load()\n'},
        base_more={"other/o.go": "package other\n\nfunc Load() int { return 1 }\n"},
    ),
    go(
        "ok: foreign package of that name",
        {"store/store.go": GO_NO_LOAD},
        {"new.go": 'package main\n\nimport "github.com/x/shop"\n\nvar x = shop.Load("x", 1)\n'},
    ),
    go(
        "ok: comment and string",
        {"store/store.go": GO_NO_LOAD},
        {"new.go": 'package main\n\n// store.Load\nvar x = "store.Load()"\n'},
    ),
    go(
        "ok: local of that name",
        {"store/store.go": GO_NO_LOAD},
        {"store/more.go": "package store\n\nfunc More() int {\n\tLoad := 1\n\treturn Load\n}\n"},
    ),
    go(
        "ok: unexported unused",
        {"store/store.go": STORE.replace("func helper(x int) int { return x }\n", "")},
        {"new.go": GO_USE},
    ),
    go(
        "edited twice, the type of a parameter changes around new code",
        {"store/w.go": 'package store\n\nimport "log"\n\nfunc Write(w *log.Logger) {\n\tw.Print("x")\n}\n'},
        {
            "store/w.go": 'package store\n\nimport "fmt"\n\nfunc Write(w *fmt.State) {\n\tw.Print("x")\n\tw.Flush(1)\n}\n'
        },
        EDITED,
        base_more={
            "store/w.go": 'package store\n\nimport "fmt"\n\nfunc Write(w *fmt.State) {\n\tw.Print("x")\n}\n'
        },
    ),
    go(
        "ok: init twice",
        {"store/a.go": "package store\n\nfunc init() { println(1) }\n"},
        {"store/b.go": "package store\n\nfunc init() { println(2) }\n"},
    ),
    go(
        "ok: type has the new method",
        {"store/store.go": STORE.replace("\tHalt()\n", "\tHalt()\n\tReset()\n")},
        {
            "new.go": gofile(
                "type Car struct{}\n\nfunc (c *Car) Run(steps int) error { return nil }\n\nfunc (c *Car) Halt() {}\n\nfunc (c *Car) Reset() {}\n"
            )
        },
    ),
    go(
        "ok: type is no runner",
        {"store/store.go": STORE.replace("\tHalt()\n", "\tHalt()\n\tReset()\n")},
        {"new.go": gofile("type Car struct{}\n\nfunc (c *Car) Halt() {}\n")},
    ),
    go(
        "ok: result ignored",
        {
            "store/store.go": STORE.replace(
                'func Save(path string) string {\n\treturn "saved " + path',
                'func Save(path string) (string, error) {\n\treturn "saved " + path, nil',
            )
        },
        {"new.go": gofile('func f() {\n\tstore.Save("p")\n}\n')},
    ),
)

# Java -------------------------------------------------------------------------------------------------------
ENGINE = """package com.acme.core;

import java.util.List;

public class Engine {
    public static final int LIMIT = 10;
    protected int power;

    public Engine(String name) {
        this.power = name.length();
    }

    public String igniteAll(boolean force) {
        return "x" + force;
    }

    public void haltEngine() {
        power = 0;
    }

    public static String load(String path, int mode) {
        return path + mode;
    }

    private int hidden(int x) {
        return x;
    }
}
"""
SHAPE = 'package com.acme.core;\n\npublic interface Shape {\n    double area();\n\n    default String title() { return "t"; }\n}\n'
J = "src/main/java/com/acme/"
JAVA_BASE = {J + "core/Engine.java": ENGINE, J + "core/Shape.java": SHAPE}
J_NO_HALT = ENGINE.replace("    public void haltEngine() {\n        power = 0;\n    }\n", "")
J_LOAD = ENGINE[ENGINE.index("    public static String load") : ENGINE.index("    private int hidden")]


def jfile(name, body, imports="import com.acme.core.Engine;", package="com.acme.app"):
    return {
        J + f"app/{name}.java": f"package {package};\n\n{imports}\n\npublic class {name} {{\n{body}\n}}\n"
    }


J_BIG = """    static java.util.List<String> {name}(java.util.List<String> rows, int limit) {{
        java.util.Map<String, Integer> grouped = new java.util.HashMap<>();
        for (String row : rows) {{
            grouped.put(row, grouped.getOrDefault(row, 0) + 1);
        }}
        java.util.List<String> found = new java.util.ArrayList<>();
        for (String value : grouped.keySet()) {{
            if (grouped.get(value) > limit) {{
                found.add(value);
            }}
        }}
        return found;
    }}"""
java = cases("java", JAVA_BASE)
JAVA = (
    java(
        "removed method, variable",
        {J + "core/Engine.java": J_NO_HALT},
        jfile("A", '    void f() {\n        Engine e = new Engine("a");\n        e.haltEngine();\n    }'),
        REMOVED,
    ),
    java(
        "removed method, var",
        {J + "core/Engine.java": J_NO_HALT},
        jfile("A", '    void f() {\n        var e = new Engine("a");\n        e.haltEngine();\n    }'),
        REMOVED,
    ),
    java(
        "removed method, parameter",
        {J + "core/Engine.java": J_NO_HALT},
        jfile("A", "    void f(Engine e) { e.haltEngine(); }"),
        REMOVED,
    ),
    java(
        "removed method, field",
        {J + "core/Engine.java": J_NO_HALT},
        jfile(
            "A",
            "    private Engine engine;\n\n    void f() { engine.haltEngine(); this.engine.haltEngine(); }",
        ),
        REMOVED,
    ),
    java(
        "removed method, chained",
        {J + "core/Engine.java": J_NO_HALT},
        jfile("A", '    void f() { new Engine("a").haltEngine(); }'),
        REMOVED,
    ),
    java(
        "removed method, subclass",
        {J + "core/Engine.java": J_NO_HALT},
        {
            J
            + "app/B.java": 'package com.acme.app;\n\nimport com.acme.core.Engine;\n\npublic class B extends Engine {\n    B() { super("a"); }\n\n    void go() { haltEngine(); }\n}\n'
        },
        REMOVED,
    ),
    java(
        "removed method, reference",
        {J + "core/Engine.java": J_NO_HALT},
        jfile("A", "    Object f = (java.util.function.Consumer<Engine>) Engine::haltEngine;"),
        REMOVED,
    ),
    java(
        "removed static method",
        {J + "core/Engine.java": ENGINE.replace(J_LOAD, "")},
        jfile("A", '    String f() { return Engine.load("x", 1); }'),
        REMOVED,
    ),
    java(
        "removed static method, static import",
        {J + "core/Engine.java": ENGINE.replace(J_LOAD, "")},
        jfile("A", '    String f() { return load("x", 1); }', "import static com.acme.core.Engine.load;"),
        REMOVED,
    ),
    java(
        "removed constant",
        {J + "core/Engine.java": ENGINE.replace("    public static final int LIMIT = 10;\n", "")},
        jfile("A", "    int f() { return Engine.LIMIT; }"),
        REMOVED,
    ),
    java(
        "removed class",
        {J + "core/Engine.java": None},
        jfile("A", '    Object f() { return new Engine("a"); }'),
        REMOVED,
    ),
    java(
        "removed class, wildcard import",
        {J + "core/Engine.java": None},
        jfile("A", '    Object f() { return new Engine("a"); }', "import com.acme.core.*;"),
        REMOVED,
    ),
    java(
        "removed class, same package",
        {J + "core/Engine.java": None},
        {
            J
            + "core/C.java": 'package com.acme.core;\n\nclass C {\n    Object f() { return new Engine("a"); }\n}\n'
        },
        REMOVED,
    ),
    java(
        "removed import that new code needs",
        {J + "core/Engine.java": ENGINE.replace("import java.util.List;\n", "")},
        {
            J + "core/Engine.java": ENGINE.replace(
                "    private int hidden", "    List<String> all() { return null; }\n\n    private int hidden"
            )
        },
        REMOVED,
    ),
    java(
        "renamed method",
        {J + "core/Engine.java": ENGINE.replace("igniteAll", "startAll")},
        jfile("A", "    void f(Engine e) { e.igniteAll(true); }"),
        REN,
    ),
    java(
        "renamed class",
        {
            J + "core/Engine.java": None,
            J + "core/Motor.java": ENGINE.replace("Engine", "Motor").replace("haltMotor", "haltEngine"),
        },
        jfile("A", '    Object f() { return new Engine("a"); }'),
        REN,
    ),
    java(
        "moved class",
        {
            J + "core/Engine.java": None,
            J + "parts/Engine.java": ENGINE.replace("package com.acme.core", "package com.acme.parts"),
        },
        jfile("A", '    Object f() { return new Engine("a"); }'),
        MOVED,
    ),
    java(
        "parameter added",
        {J + "core/Engine.java": ENGINE.replace("boolean force", "boolean force, int level")},
        jfile("A", "    void f(Engine e) { e.igniteAll(true); }"),
        SIGNATURE,
    ),
    java(
        "parameter added, static",
        {J + "core/Engine.java": ENGINE.replace("int mode", "int mode, int size")},
        jfile("A", '    String f() { return Engine.load("x", 1); }'),
        SIGNATURE,
    ),
    java(
        "constructor",
        {J + "core/Engine.java": ENGINE.replace("Engine(String name)", "Engine(String name, int power)")},
        jfile("A", '    Object f() { return new Engine("a"); }'),
        SIGNATURE,
    ),
    java(
        "constructor, super",
        {J + "core/Engine.java": ENGINE.replace("Engine(String name)", "Engine(String name, int power)")},
        {
            J
            + "app/B.java": 'package com.acme.app;\n\nimport com.acme.core.Engine;\n\npublic class B extends Engine {\n    B() { super("a"); }\n}\n'
        },
        SIGNATURE,
    ),
    java(
        "now void",
        {
            J + "core/Engine.java": ENGINE.replace(
                'public String igniteAll(boolean force) {\n        return "x" + force;',
                "public void igniteAll(boolean force) {",
            )
        },
        jfile("A", "    String f(Engine e) { return e.igniteAll(true); }"),
        SIGNATURE,
    ),
    java(
        "duplicate method",
        {
            J + "core/Engine.java": ENGINE.replace(
                "    public void haltEngine", "    int extra() { return 1; }\n\n    public void haltEngine"
            )
        },
        {
            J + "core/Engine.java": ENGINE.replace(
                "    private int hidden", "    int extra() { return 2; }\n\n    private int hidden"
            )
        },
        DUPLICATE,
    ),
    java(
        "duplicate class in a package",
        {J + "core/A.java": "package com.acme.core;\n\nclass Util { int a; }\n"},
        {J + "core/B.java": "package com.acme.core;\n\nclass Util { int b; }\n"},
        DUPLICATE,
    ),
    java(
        "method edited twice",
        {
            J + "core/Engine.java": ENGINE.replace(
                "    public Engine(String name) {\n", "    public Engine(String name) {\n        super();\n"
            ).replace('return "x" + force', 'return "y" + force')
        },
        {
            J + "core/Engine.java": ENGINE.replace(
                '        return "x" + force;', '        power = 3;\n        return "x" + force;'
            )
        },
        EDITED,
    ),
    java(
        "duplicate work",
        jfile("A", J_BIG.format(name="top")),
        jfile("B", J_BIG.format(name="mostCommon")),
        WORK,
    ),
    java(
        "new interface method",
        {J + "core/Shape.java": SHAPE.replace("double area();", "double area();\n\n    double edge();")},
        {
            J
            + "app/Q.java": "package com.acme.app;\n\nimport com.acme.core.Shape;\n\nclass Q implements Shape {\n    public double area() { return 1; }\n}\n"
        },
        OVERRIDE,
    ),
    java(
        "override of a removed method",
        {J + "core/Engine.java": J_NO_HALT},
        {
            J
            + "app/B.java": 'package com.acme.app;\n\nimport com.acme.core.Engine;\n\npublic class B extends Engine {\n    B() { super("a"); }\n\n    @Override\n    public void haltEngine() { }\n}\n'
        },
        OVERRIDE,
    ),
    java(
        "override of a changed method",
        {J + "core/Engine.java": ENGINE.replace("boolean force", "boolean force, int level")},
        {
            J
            + "app/B.java": 'package com.acme.app;\n\nimport com.acme.core.Engine;\n\npublic class B extends Engine {\n    B() { super("a"); }\n\n    @Override\n    public String igniteAll(boolean force) { return ""; }\n}\n'
        },
        OVERRIDE,
    ),
    java(
        "ok: overload added",
        {
            J + "core/Engine.java": ENGINE.replace(
                "    public void haltEngine",
                '    public String igniteAll(boolean force, int level) { return ""; }\n\n    public void haltEngine',
            )
        },
        jfile("A", "    void f(Engine e) { e.igniteAll(true); }"),
    ),
    java(
        "ok: constructor overload added",
        {
            J + "core/Engine.java": ENGINE.replace(
                "    public String igniteAll",
                '    public Engine() { this("a"); }\n\n    public String igniteAll',
            )
        },
        jfile("A", '    Object f() { return new Engine("a"); }'),
    ),
    java(
        "ok: both add overloads",
        {
            J + "core/Engine.java": ENGINE.replace(
                "    public void haltEngine", "    void extra(int a) { }\n\n    public void haltEngine"
            )
        },
        {
            J + "core/Engine.java": ENGINE.replace(
                "    private int hidden", "    void extra(String a) { }\n\n    private int hidden"
            )
        },
    ),
    java(
        "ok: varargs added",
        {J + "core/Engine.java": ENGINE.replace("boolean force", "boolean force, int... levels")},
        jfile("A", "    void f(Engine e) { e.igniteAll(true); }"),
    ),
    java(
        "ok: default method added",
        {
            J + "core/Shape.java": SHAPE.replace(
                "double area();", "double area();\n\n    default double edge() { return 0; }"
            )
        },
        {
            J
            + "app/Q.java": "package com.acme.app;\n\nimport com.acme.core.Shape;\n\nclass Q implements Shape {\n    public double area() { return 1; }\n}\n"
        },
    ),
    java(
        "ok: moved to a base class",
        {
            J + "core/Engine.java": J_NO_HALT.replace("class Engine", "class Engine extends Machine"),
            J
            + "core/Machine.java": "package com.acme.core;\n\npublic class Machine {\n    public void haltEngine() { }\n}\n",
        },
        jfile("A", "    void f(Engine e) { e.haltEngine(); }"),
    ),
    java(
        "ok: same name elsewhere",
        {J + "core/Engine.java": J_NO_HALT},
        jfile("A", "    void f(Boat e) { e.haltEngine(); }", "import com.acme.sea.Boat;"),
        base_more={
            J
            + "sea/Boat.java": "package com.acme.sea;\n\npublic class Boat {\n    public void haltEngine() { }\n}\n"
        },
    ),
    java(
        "ok: foreign type",
        {J + "core/Engine.java": J_NO_HALT},
        jfile("A", "    void f(Thing e) { e.haltEngine(); }", "import org.other.Thing;"),
    ),
    java(
        "ok: comment and string",
        {J + "core/Engine.java": J_NO_HALT},
        jfile("A", '    // e.haltEngine()\n    String s = "haltEngine()";'),
    ),
    java(
        "ok: private unused",
        {
            J + "core/Engine.java": ENGINE.replace(
                "    private int hidden(int x) {\n        return x;\n    }\n", ""
            )
        },
        jfile("A", "    void f(Engine e) { e.haltEngine(); }"),
    ),
    java(
        "ok: own method of that name",
        {J + "core/Engine.java": J_NO_HALT},
        jfile("A", "    void haltEngine() { }\n\n    void f() { haltEngine(); }"),
    ),
)

# Rust -------------------------------------------------------------------------------------------------------
STORE_RS = """use std::fmt;

pub const LIMIT: usize = 10;

pub struct Engine {
    pub name: String,
    pub power: u32,
}

pub enum Color {
    Red,
    Green,
}

pub trait Shape {
    fn area(&self) -> f64;

    fn title(&self) -> String {
        String::new()
    }
}

pub fn load(path: &str, mode: u32) -> String {
    format!("{}{}", path, mode)
}

pub fn store(path: &str) -> usize {
    path.len()
}

impl Engine {
    pub fn new(name: &str) -> Self {
        Engine { name: name.to_string(), power: 1 }
    }

    pub fn ignite_all(&self, force: bool) -> bool {
        force
    }

    pub fn halt_engine(&self) -> u32 {
        self.power
    }
}

fn hidden(x: u32) -> u32 {
    x
}
"""
RUST_BASE = {
    "Cargo.toml": '[package]\nname = "app"\n',
    "src/lib.rs": "pub mod store;\npub mod cli;\npub use store::store as put;\n",
    "src/store.rs": STORE_RS,
    "src/cli.rs": "pub fn main() {}\n",
}
RS_NO_LOAD = STORE_RS.replace(STORE_RS[STORE_RS.index("pub fn load") : STORE_RS.index("pub fn store")], "")
RS_NO_HALT = STORE_RS.replace("    pub fn halt_engine(&self) -> u32 {\n        self.power\n    }\n", "")
RS_USE = {
    "src/cli.rs": 'use crate::store::load;\n\npub fn main() {\n    let x = load("x", 1);\n    drop(x);\n}\n'
}


def rs(body, head="use crate::store::Engine;"):
    return {"src/cli.rs": f"{head}\n\n{body}\n"}


RS_BIG = """pub fn {name}(rows: &[String], limit: usize) -> Vec<String> {{
    let mut grouped = std::collections::HashMap::new();
    for row in rows {{
        *grouped.entry(row.clone()).or_insert(0) += 1;
    }}
    let mut found = Vec::new();
    for (value, count) in grouped {{
        if count > limit {{
            found.push(value);
        }}
    }}
    found
}}
"""
rust = cases("rust", RUST_BASE)
OPS_RS = """use crate::store::Engine;

impl Engine {
    pub fn cool_down(&self, grade: u32) -> u32 {
        grade
    }
}
"""
BESIDE = {"src/ops.rs": OPS_RS, "src/lib.rs": RUST_BASE["src/lib.rs"] + "pub mod ops;\n"}
RS_COOL = rs("pub fn f(e: &Engine) -> u32 {\n    e.cool_down(1)\n}")
RUST = (
    rust(
        "removed method, impl in another file",
        {"src/ops.rs": "use crate::store::Engine;\n\nimpl Engine {\n}\n"},
        RS_COOL,
        REMOVED,
        base_more=BESIDE,
    ),
    rust(
        "changed method, impl in another file",
        {"src/ops.rs": OPS_RS.replace("grade: u32", "grade: u32, force: bool")},
        RS_COOL,
        SIGNATURE,
        base_more=BESIDE,
    ),
    rust(
        "ok: impl moved to the type's own file",
        {"src/ops.rs": "\n", "src/store.rs": STORE_RS + OPS_RS.partition("\n\n")[2]},
        RS_COOL,
        base_more=BESIDE,
    ),
    rust(
        "ok: impl in another file for another type of that name",
        {"src/ops.rs": "pub struct Engine;\n"},
        RS_COOL,
        base_more=BESIDE
        | {
            "src/ops.rs": OPS_RS.replace("use crate::store::Engine;", "pub struct Engine;"),
            "src/more.rs": OPS_RS,
            "src/lib.rs": BESIDE["src/lib.rs"] + "pub mod more;\n",
        },
    ),
    rust("removed function, use", {"src/store.rs": RS_NO_LOAD}, RS_USE, REMOVED),
    rust(
        "removed function, path",
        {"src/store.rs": RS_NO_LOAD},
        {"src/cli.rs": 'pub fn main() {\n    let x = crate::store::load("x", 1);\n}\n'},
        REMOVED,
    ),
    rust(
        "removed function, module",
        {"src/store.rs": RS_NO_LOAD},
        rs('pub fn main() {\n    let x = store::load("x", 1);\n}', "use crate::store;"),
        REMOVED,
    ),
    rust(
        "removed function, list and alias",
        {"src/store.rs": RS_NO_LOAD},
        rs('pub fn main() {\n    let x = l("x", 1);\n}', "use crate::store::{load as l, store};"),
        REMOVED,
    ),
    rust(
        "removed function, integration test",
        {"src/store.rs": RS_NO_LOAD},
        {"tests/it.rs": 'use app::store::load;\n\n#[test]\nfn works() {\n    load("x", 1);\n}\n'},
        REMOVED,
    ),
    rust(
        "removed function, in macro",
        {"src/store.rs": RS_NO_LOAD},
        rs('pub fn main() {\n    println!("{}", load("x", 1));\n}', "use crate::store::load;"),
        REMOVED,
    ),
    rust(
        "removed function, same file",
        {"src/store.rs": RS_NO_LOAD},
        {"src/store.rs": STORE_RS + '\npub fn again() -> String {\n    load("x", 1)\n}\n'},
        REMOVED,
    ),
    rust(
        "removed re-export",
        {"src/lib.rs": "pub mod store;\npub mod cli;\n"},
        rs('pub fn main() {\n    put("x");\n}', "use crate::put;"),
        REMOVED,
    ),
    rust(
        "removed constant",
        {"src/store.rs": STORE_RS.replace("pub const LIMIT: usize = 10;\n", "")},
        rs("pub fn main() -> usize {\n    LIMIT\n}", "use crate::store::LIMIT;"),
        REMOVED,
    ),
    rust(
        "removed struct",
        {
            "src/store.rs": STORE_RS.replace(
                STORE_RS[STORE_RS.index("pub struct") : STORE_RS.index("pub enum")], ""
            ).replace(STORE_RS[STORE_RS.index("impl Engine") : STORE_RS.index("fn hidden")], "")
        },
        rs("pub fn f(e: &Engine) {}"),
        REMOVED,
    ),
    rust(
        "removed variant",
        {"src/store.rs": STORE_RS.replace("    Green,\n", "")},
        rs("pub fn f() -> Color {\n    Color::Green\n}", "use crate::store::Color;"),
        REMOVED,
    ),
    rust(
        "removed field",
        {
            "src/store.rs": STORE_RS.replace("    pub power: u32,\n", "")
            .replace(", power: 1", "")
            .replace("self.power", "1")
        },
        rs("pub fn f(e: &Engine) -> u32 {\n    e.power\n}"),
        REMOVED,
    ),
    rust(
        "removed method, constructed",
        {"src/store.rs": RS_NO_HALT},
        rs('pub fn f() {\n    let e = Engine::new("a");\n    e.halt_engine();\n}'),
        REMOVED,
    ),
    rust(
        "removed method, parameter",
        {"src/store.rs": RS_NO_HALT},
        rs("pub fn f(e: &Engine) {\n    e.halt_engine();\n}"),
        REMOVED,
    ),
    rust(
        "removed method, field",
        {"src/store.rs": RS_NO_HALT},
        rs(
            "pub struct Car {\n    engine: Engine,\n}\n\nimpl Car {\n    pub fn go(&self) {\n        self.engine.halt_engine();\n    }\n}"
        ),
        REMOVED,
    ),
    rust(
        "removed method, self",
        {"src/store.rs": RS_NO_HALT},
        {"src/store.rs": STORE_RS.replace("        force\n", "        self.halt_engine();\n        force\n")},
        REMOVED,
    ),
    rust(
        "removed associated function",
        {
            "src/store.rs": STORE_RS.replace(
                "    pub fn new(name: &str) -> Self {\n        Engine { name: name.to_string(), power: 1 }\n    }\n",
                "",
            )
        },
        rs('pub fn f() {\n    let e = Engine::new("a");\n}'),
        REMOVED,
    ),
    rust("removed module", {"src/store.rs": None, "src/lib.rs": "pub mod cli;\n"}, RS_USE, REMOVED),
    rust("renamed", {"src/store.rs": STORE_RS.replace("fn load", "fn read_file")}, RS_USE, REN),
    rust(
        "renamed method",
        {"src/store.rs": STORE_RS.replace("ignite_all", "start_all")},
        rs("pub fn f(e: &Engine) {\n    e.ignite_all(true);\n}"),
        REN,
    ),
    rust(
        "moved",
        {
            "src/store.rs": RS_NO_LOAD,
            "src/io.rs": 'pub fn load(path: &str, mode: u32) -> String {\n    format!("{}{}", path, mode)\n}\n',
            "src/lib.rs": RUST_BASE["src/lib.rs"] + "pub mod io;\n",
        },
        RS_USE,
        MOVED,
    ),
    rust(
        "parameter added",
        {"src/store.rs": STORE_RS.replace("mode: u32)", "mode: u32, size: u32)")},
        RS_USE,
        SIGNATURE,
    ),
    rust(
        "method parameter added",
        {"src/store.rs": STORE_RS.replace("force: bool)", "force: bool, slow: bool)")},
        rs("pub fn f(e: &Engine) {\n    e.ignite_all(true);\n}"),
        SIGNATURE,
    ),
    rust(
        "constructor parameter added",
        {"src/store.rs": STORE_RS.replace("new(name: &str)", "new(name: &str, power: u32)")},
        rs('pub fn f() {\n    let e = Engine::new("a");\n}'),
        SIGNATURE,
    ),
    rust(
        "result type changed",
        {
            "src/store.rs": STORE_RS.replace(
                "-> usize {\n    path.len()", "-> Result<usize, String> {\n    Ok(path.len())"
            )
        },
        rs('pub fn f() -> usize {\n    store("x")\n}', "use crate::store::store;"),
        ("signature-changed-called", "warning"),
        unique=False,
    ),
    rust(
        "duplicate function",
        {"src/store.rs": STORE_RS + "\npub fn extra() -> u32 {\n    1\n}\n"},
        {"src/store.rs": STORE_RS.replace("impl Engine", "pub fn extra() -> u32 {\n    2\n}\n\nimpl Engine")},
        DUPLICATE,
    ),
    rust(
        "function edited twice",
        {
            "src/store.rs": STORE_RS.replace(
                "        Engine { name: name.to_string(), power: 1 }",
                "        let power = 2;\n        Engine { name: name.to_string(), power: 1 }",
            )
        },
        {"src/store.rs": STORE_RS.replace("name.to_string(), power: 1 }", "name.to_string(), power: 7 }")},
        EDITED,
    ),
    rust(
        "duplicate work",
        {"src/a.rs": RS_BIG.format(name="top")},
        {"src/b.rs": RS_BIG.format(name="most_common")},
        WORK,
    ),
    rust(
        "new trait method",
        {
            "src/store.rs": STORE_RS.replace(
                "fn area(&self) -> f64;", "fn area(&self) -> f64;\n    fn edge(&self) -> f64;"
            )
        },
        rs(
            "pub struct Q;\n\nimpl Shape for Q {\n    fn area(&self) -> f64 {\n        1.0\n    }\n}",
            "use crate::store::Shape;",
        ),
        OVERRIDE,
    ),
    rust(
        "implementation of a removed trait method",
        {
            "src/store.rs": STORE_RS.replace(
                "    fn title(&self) -> String {\n        String::new()\n    }\n", ""
            )
        },
        rs(
            'pub struct Q;\n\nimpl Shape for Q {\n    fn area(&self) -> f64 {\n        1.0\n    }\n\n    fn title(&self) -> String {\n        String::from("q")\n    }\n}',
            "use crate::store::Shape;",
        ),
        OVERRIDE,
    ),
    rust(
        "ok: provided trait method added",
        {
            "src/store.rs": STORE_RS.replace(
                "fn area(&self) -> f64;",
                "fn area(&self) -> f64;\n    fn edge(&self) -> f64 {\n        0.0\n    }",
            )
        },
        rs(
            "pub struct Q;\n\nimpl Shape for Q {\n    fn area(&self) -> f64 {\n        1.0\n    }\n}",
            "use crate::store::Shape;",
        ),
    ),
    rust(
        "ok: moved and re-exported",
        {
            "src/store.rs": "pub use crate::io::load;\n" + RS_NO_LOAD,
            "src/io.rs": "pub fn load(path: &str, mode: u32) -> String {\n    String::new()\n}\n",
            "src/lib.rs": RUST_BASE["src/lib.rs"] + "pub mod io;\n",
        },
        RS_USE,
    ),
    rust(
        "ok: star re-export",
        {
            "src/store.rs": "pub use crate::io::*;\n" + RS_NO_LOAD,
            "src/io.rs": "pub fn load(path: &str, mode: u32) -> String {\n    String::new()\n}\n",
            "src/lib.rs": RUST_BASE["src/lib.rs"] + "pub mod io;\n",
        },
        RS_USE,
    ),
    rust(
        "ok: alias kept",
        {
            "src/store.rs": STORE_RS.replace("fn load", "fn read_file")
            + "\npub use self::read_file as load;\n"
        },
        RS_USE,
    ),
    rust("ok: module becomes a folder", {"src/store.rs": None, "src/store/mod.rs": STORE_RS}, RS_USE),
    rust(
        "ok: same name elsewhere",
        {"src/store.rs": RS_NO_LOAD},
        rs('pub fn f() {\n    load("x");\n}', "use crate::other::load;"),
        base_more={
            "src/other.rs": "pub fn load(x: &str) {}\n",
            "src/lib.rs": RUST_BASE["src/lib.rs"] + "pub mod other;\n",
        },
    ),
    rust(
        "ok: foreign crate",
        {"src/store.rs": RS_NO_LOAD},
        rs('pub fn f() {\n    load("x");\n}', "use serde_x::load;"),
    ),
    rust(
        "ok: comment and string",
        {"src/store.rs": RS_NO_LOAD},
        rs('// load\npub fn f() -> &\'static str {\n    "load(1)"\n}', ""),
    ),
    rust(
        "ok: local of that name",
        {"src/store.rs": RS_NO_LOAD},
        {"src/store.rs": STORE_RS + "\nfn more() -> u32 {\n    let load = 1;\n    load\n}\n"},
    ),
    rust(
        "ok: private unused",
        {"src/store.rs": STORE_RS.replace("fn hidden(x: u32) -> u32 {\n    x\n}\n", "")},
        RS_USE,
    ),
    rust(
        "ok: two traits with a method of one name",
        {
            "src/a.rs": "pub struct T;\nimpl std::fmt::Display for T {\n    fn fmt(&self) -> u8 { 1 }\n}\n",
            "src/lib.rs": RUST_BASE["src/lib.rs"] + "pub mod a;\n",
        },
        {"src/store.rs": STORE_RS + "\nimpl fmt::Display for Engine {\n    fn fmt(&self) -> u8 { 2 }\n}\n"},
    ),
    rust(
        "ok: each side implements another trait",
        {"src/store.rs": STORE_RS + "\nimpl fmt::Debug for Engine {\n    fn fmt(&self) -> u8 { 1 }\n}\n"},
        {
            "src/store.rs": STORE_RS.replace(
                "fn hidden", "impl fmt::Display for Engine {\n    fn fmt(&self) -> u8 { 2 }\n}\n\nfn hidden"
            )
        },
    ),
)
COMPILED = (*GO, *JAVA, *RUST)

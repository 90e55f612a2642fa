"""Cases for Python that breakages mined out of real histories taught, in their general form."""

from __future__ import annotations

from corpus.injected_python import MOD, NO_LOAD, REMOVED, REN, SIGNATURE, py

GAP = "".join(f"\n\ndef step_{number}(value):\n    return value + {number}\n" for number in range(4))
CLIENT = (
    "class Client:\n    def close(self):\n        return 1\n\n    def fetch(self, url):\n        return url\n"
)
ACLOSE = CLIENT.replace("def close", "def aclose")
KEYS = (
    "class Keys:\n    @property\n    def names(self):\n        return []\n\n    def known(self, key):\n"
    "        return key in self.names\n"
)
TALE = f"from pkg.mod import load, store\n\n\ndef first(path):\n    return load(path)\n{GAP}\n\ndef last(path):\n    return store(path, 'x')\n"
LOCALS = (
    "def send(url, proxies, verify):\n    first = url\n    second = first\n    third = second\n    fourth = third\n"
    "    fifth = fourth\n    return (fifth, proxies, verify)\n"
)
PLACES = f"\n\ndef first():\n    return Path('a')\n{GAP}\n\ndef second():\n    return Path('b')\n"
SEPARATED = PLACES.replace("Path('a')", "sep + 'a'").replace("Path('b')", "sep + 'b'")

FIELD = (
    # A member on an attribute whose type only the constructor's parameter tells; the name is everybody's.
    py(
        "renamed, attribute typed by a parameter",
        {"pkg/client.py": ACLOSE},
        {
            "pkg/new.py": "from pkg.client import Client\n\n\nclass Stream:\n    def __init__(self, client: Client):\n        self.client = client\n\n    def stop(self):\n        self.client.close()\n"
        },
        REN,
        base={"pkg/client.py": CLIENT},
    ),
    py(
        "removed, field of a typed attribute",
        {"pkg/limits.py": "class Limits:\n    def __init__(self, most=None):\n        self.most = most\n"},
        {
            "pkg/new.py": "from pkg.limits import Limits\n\n\nclass Pool:\n    def __init__(self, limits: Limits):\n        self.limits = limits\n\n    def wait(self):\n        return self.limits.patience\n"
        },
        REMOVED,
        base={
            "pkg/limits.py": "class Limits:\n    def __init__(self, most=None, patience=1):\n        self.most = most\n        self.patience = patience\n"
        },
    ),
    py(
        "ok: parameter of either of two types",
        {"pkg/client.py": ACLOSE},
        {
            "pkg/new.py": "from pkg.client import Client\n\n\ndef stop(one: str | Client):\n    return one.close()\n"
        },
        base={"pkg/client.py": CLIENT},
    ),
    # Names in quotes.
    py(
        "import for checkers removed, quoted annotation added",
        {"pkg/cli.py": f"import sys\n\n\ndef main():\n    return sys.argv\n{GAP}"},
        {
            "pkg/cli.py": f"import sys\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from pkg.types import Load\n\n\ndef main():\n    return sys.argv\n{GAP}\n\ndef more(one: 'Load') -> None:\n    return None\n"
        },
        REMOVED,
        base={
            "pkg/types.py": "class Load:\n    pass\n",
            "pkg/cli.py": f"import sys\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from pkg.types import Load\n\n\ndef main():\n    return sys.argv\n{GAP}",
        },
    ),
    py(
        "import removed, quoted annotation added",
        {"pkg/cli.py": f"import sys\n\n\ndef main(one):\n    return sys.argv\n{GAP}"},
        {
            "pkg/cli.py": f"import sys\nfrom pkg.types import Load\n\n\ndef main(one: 'Load'):\n    return sys.argv\n{GAP}\n\ndef more(one: 'Load') -> None:\n    return None\n"
        },
        REMOVED,
        base={
            "pkg/types.py": "class Load:\n    pass\n",
            "pkg/cli.py": f"import sys\nfrom pkg.types import Load\n\n\ndef main(one: 'Load'):\n    return sys.argv\n{GAP}",
        },
    ),
    py(
        "import removed, cast to the quoted name",
        {"pkg/cli.py": f"from typing import cast\n\n\ndef main(one):\n    return one\n{GAP}"},
        {
            "pkg/cli.py": f"from typing import cast\nfrom pkg.types import Load\n\n\ndef main(one: Load):\n    return one\n{GAP}\n\ndef more(one):\n    return cast('Load', one)\n"
        },
        REMOVED,
        base={
            "pkg/types.py": "class Load:\n    pass\n",
            "pkg/cli.py": f"from typing import cast\nfrom pkg.types import Load\n\n\ndef main(one: Load):\n    return one\n{GAP}",
        },
    ),
    py(
        "ok: quoted values of a Literal",
        {"pkg/mod.py": NO_LOAD},
        {
            "pkg/mod.py": MOD
            + "\n\ndef more(one: 'Literal[\"load\"]', two: Literal['load']) -> Literal['load']:\n    return one\n"
        },
    ),
    # Both edit one file, apart from each other: what the merged text says counts.
    py(
        "both edit the file, import and its use go, a use comes",
        {"pkg/tale.py": TALE.replace("import load, store", "import store").replace("load(path)", "path")},
        {"pkg/tale.py": TALE + "\n\ndef again(path):\n    return load(path)\n"},
        REMOVED,
        base={"pkg/tale.py": TALE},
    ),
    py(
        "both edit the file, a use is copied that the other adapts",
        {
            "pkg/mod.py": MOD.replace("def ignite_all(self, force)", "def ignite_all(self, force, reason)"),
            "pkg/tale.py": "def first(engine):\n    return engine.ignite_all(True, 'now')\n" + GAP,
        },
        {
            "pkg/tale.py": "def first(engine):\n    return engine.ignite_all(True)\n"
            + GAP
            + "\n\ndef second(engine):\n    return engine.ignite_all(True)\n"
        },
        SIGNATURE,
        base={"pkg/tale.py": "def first(engine):\n    return engine.ignite_all(True)\n" + GAP},
    ),
    py(
        "parameter removed, used at the other end of the function",
        {
            "pkg/send.py": LOCALS.replace("proxies, verify):", "verify):").replace(
                "fifth, proxies", "fifth, None"
            )
        },
        {"pkg/send.py": LOCALS.replace("    third = second\n", "    third = (second, proxies)\n")},
        REMOVED,
        ("same-symbol-edited", "warning"),
        base={"pkg/send.py": LOCALS},
    ),
    py(
        "ok: parameter renamed, the other edits another line",
        {"pkg/send.py": LOCALS.replace("verify", "checked")},
        {"pkg/send.py": LOCALS.replace("    third = second\n", "    third = (second, proxies)\n")},
        ("same-symbol-edited", "warning"),
        base={"pkg/send.py": LOCALS},
    ),
    py(
        "file renamed with edits, a use of what went comes in",
        {
            "pkg/tale.py": None,
            "pkg/story.py": TALE.replace("import load, store", "import store").replace("load(path)", "path"),
        },
        {"pkg/tale.py": TALE + "\n\ndef again(path):\n    return load(path)\n"},
        REMOVED,
        base={"pkg/tale.py": TALE},
    ),
    py(
        "ok: file renamed with edits, the other edits it too",
        {"pkg/tale.py": None, "pkg/story.py": TALE.replace("load(path)", "load(path, 'r')")},
        {"pkg/tale.py": TALE + "\n\ndef again(path):\n    return load(path)\n"},
        base={"pkg/tale.py": TALE},
    ),
    # Values and methods.
    py(
        "property becomes method, its value asked",
        {"pkg/keys.py": KEYS.replace("    @property\n", "").replace("in self.names", "in self.names()")},
        {"pkg/keys.py": KEYS + "\n    def forget(self):\n        self.names.clear()\n"},
        SIGNATURE,
        base={"pkg/keys.py": KEYS},
    ),
    py(
        "property gets a decorator that nobody knows",
        {"pkg/keys.py": KEYS.replace("@property", "@reify")},
        {"pkg/keys.py": KEYS + "\n    def forget(self):\n        return [self.names]\n"},
        ("signature-changed-called", "warning"),
        base={"pkg/keys.py": KEYS},
        unique=False,
    ),
    py(
        "ok: property gets a decorator that nobody knows, its value asked",
        {"pkg/keys.py": KEYS.replace("@property", "@reify")},
        {"pkg/keys.py": KEYS + "\n    def forget(self):\n        self.names.clear()\n"},
        base={"pkg/keys.py": KEYS},
    ),
    py(
        "removed member, the module has __getattr__",
        {
            "pkg/client.py": CLIENT.replace("def fetch", "def load_url")
            + "\n\ndef __getattr__(name):\n    return name\n"
        },
        {"pkg/new.py": "from pkg.client import Client\nClient().fetch('x')\n"},
        REN,
        base={"pkg/client.py": CLIENT},
    ),
    py(
        "removed member, a base has __getattr__",
        {
            "pkg/client.py": "class Open:\n    def __getattr__(self, name):\n        return name\n\n\n"
            + CLIENT.replace("class Client:", "class Client(Open):").replace("def fetch", "def load_url")
        },
        {"pkg/new.py": "from pkg.client import Client\nClient().fetch('x')\n"},
        ("renamed-symbol-used", "warning"),
        base={
            "pkg/client.py": "class Open:\n    def __getattr__(self, name):\n        return name\n\n\n"
            + CLIENT.replace("class Client:", "class Client(Open):")
        },
        unique=False,
    ),
    py(
        "ok: alias becomes a type statement",
        {"pkg/kinds.py": "type Kind[T] = list[T] | str\n"},
        {
            "pkg/new.py": "from pkg.kinds import Kind\n\n\ndef more(one: Kind[int]) -> None:\n    return None\n"
        },
        base={"pkg/kinds.py": "from typing import TypeAlias\n\nKind: TypeAlias = list | str\n"},
    ),
    py(
        "removed, type statement",
        {"pkg/kinds.py": "type Other = int\n"},
        {"pkg/new.py": "from pkg.kinds import Kind\n\n\ndef more(one: Kind) -> None:\n    return None\n"},
        REMOVED,
        base={"pkg/kinds.py": "type Kind = str\ntype Other = int\n"},
    ),
    # The library's own class goes; its users take the standard one of the same name, new uses of it included.
    py(
        "ok: the name comes from outside now",
        {"pkg/place.py": "SEPARATOR = '/'\n", "pkg/tale.py": "from pathlib import Path\n" + PLACES},
        {"pkg/tale.py": "from pkg.place import Path\n" + PLACES + "\n\ndef third():\n    return Path('c')\n"},
        base={
            "pkg/place.py": "class Path(str):\n    pass\n\n\nSEPARATOR = '/'\n",
            "pkg/tale.py": "from pkg.place import Path\n" + PLACES,
        },
    ),
    py(
        "removed, and only an import beside it comes from outside now",
        {"pkg/place.py": "SEPARATOR = '/'\n", "pkg/tale.py": "from os import sep\n" + SEPARATED},
        {
            "pkg/tale.py": "from pkg.place import SEPARATOR as sep\n"
            + SEPARATED
            + "\n\ndef third():\n    from pkg.place import Path\n\n    return Path('c')\n"
        },
        REMOVED,
        base={
            "pkg/place.py": "class Path(str):\n    pass\n\n\nSEPARATOR = '/'\n",
            "pkg/tale.py": "from pkg.place import SEPARATOR as sep\n" + SEPARATED,
        },
    ),
)

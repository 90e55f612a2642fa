"""
Waits until a process imports pytest or unittest, and has them report then. Loaded at the start of every process.

Decision: nothing is put into the runner's options, configuration or module path, so that it cannot be turned off or
collide there. Only the outermost runner of a process tree reports: once it begins, its children cannot see that they
are watched. Standard library only; Python 3.8 and later.
"""

import atexit
import os
import sys

_FLAGS_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")
_INFORMATIVE = frozenset(
    "--help --version --markers --fixtures --funcargs --fixtures-per-test --cache-show --cache-clear".split()
)
_PATCHES = {
    "_pytest.config": "_devassist_pytest",
    "unittest.main": "_devassist_unittest",
    "unittest.result": "_devassist_unittest",
    "unittest.runner": "_devassist_unittest",
}


class State:
    """What this process knows: `busy` while a session reports, so that nested ones do not."""

    directory = ""
    results = ""
    busy = False
    record = None


def begin(directory, results):
    """Watch this process. `directory` is where this file is; `results` is where reports go."""
    State.directory, State.results = directory, results
    for name in _PATCHES:
        if name in sys.modules:
            _patch(sys.modules[name])
    sys.meta_path.insert(0, Finder)
    for name in ("execv", "execve"):
        setattr(os, name, _noted(getattr(os, name)))
    runner, module, arguments = _named_runner(_command_line())
    if runner:
        write(event="alive", runner=runner, module=module, informative=is_informative(arguments))
        atexit.register(_note_exit, runner, os.getpid())


class Finder:
    """Finds nothing itself: it has the modules of interest patched once they have been imported."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name not in _PATCHES:
            return None
        for finder in sys.meta_path:
            if finder is cls or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                _patch_when_loaded(spec.loader)
                return spec
        return None


def write(**event):
    """Add an event to this process's own file; a report that cannot be written is not made."""
    try:
        if State.record is not None and State.record.owner != os.getpid():
            if State.busy:
                return  # a fork of a session: its parent reports
            State.record = None
        if State.record is None:
            State.record = load("_devassist_record").Record(State.results)
        State.record.write(event)
    except Exception:
        pass


def load(name):
    """One of our modules: their directory is not on the module path any more."""
    module = sys.modules.get(name)
    if module is None:
        from importlib.util import module_from_spec, spec_from_file_location

        spec = spec_from_file_location(name, os.path.join(State.directory, name + ".py"))
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return module


def hide():
    """Take from the environment what makes child processes report. Returns what `show` needs to put it back."""
    before = {name: os.environ.get(name) for name in ("DEVASSIST_RESULTS", "PYTHONPATH", "PATH")}
    os.environ.pop("DEVASSIST_RESULTS", None)
    ours = os.path.join(os.path.dirname(State.directory), "")
    for name in ("PYTHONPATH", "PATH"):
        entries = (before[name] or "").split(os.pathsep)
        others = [entry for entry in entries if not entry.startswith(ours)]
        if others == entries:
            continue
        if others:
            os.environ[name] = os.pathsep.join(others)
        else:
            del os.environ[name]
    return before


def show(before):
    """Undo `hide`, as far as nobody else has set these variables since."""
    for name, value in before.items():
        if value is not None:
            os.environ[name] = value


def write_foreign(roots, ignored=(), *, by_workers=False):
    """Report the modules of the tree below `roots` of which copies from elsewhere were imported."""
    try:
        modules = load("_devassist_foreign").foreign_modules(roots, ignored, by_workers=by_workers)
        for name, here, path, changed in modules:
            text = load("_devassist_record").text
            write(event="foreign", module=text(name), here=text(here), path=text(path), changed=changed)
    except Exception:
        pass


def is_informative(arguments):
    """Whether a runner with these arguments only prints something about itself."""
    letters = [set(word[1:]) for word in arguments if word[:1] == "-" and word[:2] != "--"]
    return not _INFORMATIVE.isdisjoint(arguments) or any(
        some & set("hV") and some <= set("hVqv") for some in letters
    )


def _noted(execute):
    """A runner that starts itself anew, with another environment say, has not ended early."""

    def noted(path, arguments, *environment):
        if State.record is not None and any("test" in str(word) for word in arguments):
            write(event="again")
        return execute(path, arguments, *environment)

    return noted


def _patch(module):
    try:
        load(_PATCHES[module.__name__]).patch(module)
    except Exception:
        pass


def _patch_when_loaded(loader):
    original = getattr(loader, "exec_module", None)
    if original is None:
        return

    def exec_module(module):
        try:
            del loader.exec_module
        except AttributeError:
            pass
        original(module)
        _patch(module)

    try:
        loader.exec_module = exec_module
    except AttributeError:
        pass


def _command_line():
    words = getattr(sys, "orig_argv", None)
    if words is None:
        with open("/proc/self/cmdline", "rb") as stream:
            words = [os.fsdecode(word) for word in stream.read().split(b"\0")[:-1]]
    return words[1:]


def _named_runner(words):
    """The runner that `python WORDS` starts, whether by `-m`, and its arguments. The runner is empty if none is."""
    words = list(words)
    while words:
        word = words.pop(0)
        if word in _FLAGS_WITH_VALUE and words:
            words.pop(0)
        elif word.startswith("--") or word == "-":
            continue
        elif word.startswith("-"):
            letters = word[1:]
            if "c" in letters:
                break
            if "m" in letters and letters[:1] not in ("W", "X"):
                name = letters.partition("m")[2] or (words.pop(0) if words else "")
                name = {"py.test": "pytest"}.get(name, name)
                return (name if name in ("pytest", "unittest") else "", True, words)
        else:
            is_pytest = os.path.basename(word) in ("pytest", "py.test")
            return ("pytest" if is_pytest else "", False, words)
    return "", False, []


def _note_exit(runner, owner):
    if os.getpid() != owner:
        return
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    is_main = getattr(spec, "name", "").split(".")[0] == runner
    write(event="exit", present=is_main or (runner == "pytest" and "pytest" in sys.modules))

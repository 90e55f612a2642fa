"""Which of the tree's own modules were imported from elsewhere: a copy is tested in their place."""

import importlib.util
import os
import sys

_FOLDERS = ("src", "lib", "")
_SEVERAL = frozenset("conftest docs examples setup test testing tests".split())
"""Names that many distributions have, and that are no product."""
_MOST, _LONGEST = 20, 300
_INSTALLED = ("/site-packages/", "/dist-packages/")


def foreign_modules(roots, ignored=(), *, by_workers=False):
    """
    Of each module: its name, where the tree has it, the file that was imported instead, and that file's ctime.

    If worker processes import the tests, what is below `src` and `lib` counts as they would find it.
    """
    roots = list(dict.fromkeys(os.path.realpath(root) for root in roots if root))
    places = {}
    for root in roots:
        for folder in _FOLDERS:
            for name, here in _top_levels(os.path.join(root, folder)):
                if name not in sys.modules and not (by_workers and folder):
                    continue
                # What the runner itself has imported says nothing of a folder that only shares its name.
                if folder or name not in ignored:
                    places.setdefault(name, []).append(here)
    elsewhere = []
    for name in sorted(places):
        path, folders = _found(name)
        if path and not _is_own(folders, path, roots, places[name]):
            elsewhere.append((name, places[name][0], path, os.stat(path).st_ctime_ns))
    return elsewhere[:_MOST]


def _top_levels(folder):
    """The packages and modules that the folder has, unless it is a package itself."""
    try:
        entries = [] if os.path.exists(os.path.join(folder, "__init__.py")) else sorted(os.listdir(folder))
    except OSError:
        return
    for entry in entries:
        name = entry[:-3] if entry.endswith(".py") else entry
        if not name.isidentifier() or name in _SEVERAL or name in getattr(sys, "stdlib_module_names", ()):
            continue
        path = os.path.join(folder, entry)
        path = path if entry.endswith(".py") else os.path.join(path, "__init__.py")
        if os.path.isfile(path):
            yield name, os.path.realpath(path)


def _found(name):
    """The module's file and a package's folders. Without file: namespaces, built-ins, and what a test put there."""
    if name in sys.modules:
        module = sys.modules[name]
        path, folders = getattr(module, "__file__", None), getattr(module, "__path__", None)
    else:
        spec = importlib.util.find_spec(name)
        path, folders = getattr(spec, "origin", None), getattr(spec, "submodule_search_locations", None)
    if not isinstance(path, str) or len(path) > _LONGEST or not os.path.isfile(path):
        return "", ()
    return os.path.realpath(path), folders or ()


def _is_own(folders, path, roots, places):
    """Whether it is of the tree, or of Python; or shares its name with a package of the tree that it lets through."""
    if path in places:
        return True
    installed = any(folder in path for folder in _INSTALLED)
    if not installed and any(path.startswith(os.path.join(root, "")) for root in roots):
        return True
    if not installed and path.startswith(os.path.join(os.path.realpath(os.path.dirname(os.__file__)), "")):
        return True
    shared = {os.path.realpath(str(entry)) for entry in folders}
    return any(os.path.dirname(place) in shared for place in places)

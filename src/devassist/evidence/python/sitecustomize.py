"""
Lets the test runners of a Python process report to devassist, then makes way for the sitecustomize that was there.

Every Python that a command starts reads this, whatever its version: the syntax is that of Python 2.7.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _report():
    results = os.environ.get("DEVASSIST_RESULTS")
    if not results or sys.version_info < (3, 8):
        return
    try:
        import _devassist_hook

        _devassist_hook.begin(_HERE, results)
    except Exception:
        pass


def _make_way():
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]
    own = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
    finally:
        if own is not None:
            sys.modules.setdefault("sitecustomize", own)


_report()
_make_way()

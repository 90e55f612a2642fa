"""Has pytest report: a plugin that is handed to the outermost session of a process as an object."""

import functools
import os
import sys

import _devassist_hook as hook

text = hook.load("_devassist_record").text
_OK, _INTERRUPTED, _INTERNAL_ERROR = 0, 2, 3  # pytest.ExitCode


class _Run:
    """
    `depth` counts calls of pytest's main that are under way; `before` is the environment that was hidden.

    `loaded` are the modules that pytest needs itself.
    """

    depth = 0
    before = None
    loaded = frozenset()


def patch(config):
    """Wrap the entry points of `_pytest.config`, whichever of them this version has."""
    prepare = config._prepareconfig
    _Run.loaded = frozenset(sys.modules)
    for name in ("main", "_main"):
        if hasattr(config, name):
            setattr(config, name, _entry(getattr(config, name)))

    @functools.wraps(prepare)
    def prepared(args=None, plugins=None, **more):
        if hook.State.busy or not _Run.depth:
            return prepare(args, plugins, **more)
        reporter = _reporter()
        if reporter is None:
            return prepare(args, plugins, **more)
        hook.State.busy = True
        _Run.before = hook.hide()
        arguments = [str(word) for word in (sys.argv[1:] if args is None else args)]
        hook.write(event="enter", runner="pytest", informative=hook.is_informative(arguments))
        return prepare(args, [*(plugins or ()), reporter], **more)

    config._prepareconfig = prepared


def _entry(main):
    @functools.wraps(main)
    def entry(*args, **kwargs):
        _Run.depth += 1
        code = 1
        try:
            code = main(*args, **kwargs)
        except SystemExit as ended:
            code = 0 if ended.code is None else ended.code
            raise
        else:
            return code
        finally:
            _Run.depth -= 1
            if not _Run.depth and _Run.before is not None:
                hook.write(event="leave", code=int(code) if isinstance(code, int) else 1)
                hook.show(_Run.before)
                _Run.before = None
                hook.State.busy = False

    return entry


def _reporter():
    """None if this pytest has no such hooks."""
    try:
        import pytest

        for method in (_Reporter.pytest_sessionstart, _Reporter.pytest_sessionfinish):
            pytest.hookimpl(tryfirst=True)(method)
        return _Reporter()
    except Exception:
        return None


class _Reporter:
    """Writes each case once it is over: what a test replaces is back in its place by then."""

    def __init__(self):
        self.pending = {}
        self.begun = 0
        self.roots = ()

    def pytest_sessionstart(self, session):
        config = session.config
        root = getattr(config, "rootpath", "") or getattr(config, "rootdir", "")
        hook.write(event="session", runner="pytest", root=text(root))
        self.roots = (str(root), os.getcwd())
        # A file that cannot be collected, or the first failure, must not hide what all other tests come to.
        for option, value in (("continue_on_collection_errors", True), ("maxfail", 0)):
            if hasattr(config.option, option):
                setattr(config.option, option, value)

    def pytest_collectreport(self, report):
        if report.outcome in ("failed", "skipped"):
            self.write(report.nodeid or ".", report.outcome)

    def pytest_runtest_logreport(self, report):
        case, pending = report.nodeid, self.pending
        if report.outcome == "rerun":
            pending.pop(case, None)
            return
        status = _status(report)
        if status and pending.get(case) != "failed":
            pending[case] = status
        self.begun += report.when == "setup"
        if report.when == "teardown" or (status == "failed" and report.when not in ("setup", "call")):
            self.write(case, pending.pop(case, ""))

    def pytest_sessionfinish(self, session, exitstatus):
        for case in list(self.pending):
            self.write(case, self.pending.pop(case))
        by_workers = session.config.pluginmanager.hasplugin("dsession")  # xdist
        hook.write_foreign(self.roots, _Run.loaded, by_workers=by_workers)
        # A session that no failure stops comes to all that it collected, once it has begun with it.
        cut_short = exitstatus in (_OK, _INTERRUPTED) and 0 < self.begun < session.testscollected
        if not cut_short and exitstatus != _INTERNAL_ERROR:
            hook.write(event="done")

    def write(self, case, status):
        if status:
            hook.write(event="case", id=text(case), status=status)


def _status(report):
    """What one phase of a test makes of it, empty if it says nothing."""
    if report.outcome == "failed":
        return "failed"
    if type(report).__name__.lower() == "subtestreport":  # what passed or was skipped there is not the case
        return ""
    if report.outcome == "skipped":
        return "xfailed" if hasattr(report, "wasxfail") else "skipped"
    return "passed" if report.when == "call" else ""

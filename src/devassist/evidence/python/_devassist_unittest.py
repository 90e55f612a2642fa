"""Has unittest report: its results are overheard, whichever class of them a runner uses."""

import atexit
import functools
import os
import sys

import _devassist_hook as hook

text = hook.load("_devassist_record").text
_OUTCOMES = {
    "addSuccess": "passed",
    "addError": "failed",
    "addFailure": "failed",
    "addSkip": "skipped",
    "addExpectedFailure": "xfailed",
    "addUnexpectedSuccess": "failed",
}


class _Session:
    """The outermost run of tests. `result` is the one that counts: the first, until no test of it is under way."""

    open = False
    result = None
    current = None
    status = ""
    before = ()
    script = ""
    directory = ""


def patch(module):
    """Wrap what `unittest.main`, `unittest.result` or `unittest.runner` have."""
    name = module.__name__.rpartition(".")[2]
    if name == "main":
        module.TestProgram.__init__ = _program(module.TestProgram)
    elif name == "runner":
        module.TextTestRunner.run = _run(module.TextTestRunner.run)
    else:
        result = module.TestResult
        result.startTest = _before(result.startTest, _start)
        result.stopTest = _before(result.stopTest, _stop)
        result.addSubTest = _before(result.addSubTest, _add_subtest)
        for method, status in _OUTCOMES.items():
            setattr(result, method, _before(getattr(result, method), _outcome(status)))


def _program(program):
    original = program.__init__

    @functools.wraps(original)
    def init(self, *args, **kwargs):
        # Only of unittest's own program and runner is it certain that they always come to a session.
        if hook.State.busy or type(self) is not program or kwargs.get("testRunner") or any(args[3:4]):
            return original(self, *args, **kwargs)
        argv = kwargs.get("argv") or (args[2:3] or [None])[0] or sys.argv  # module, defaultTest, argv
        hook.write(event="enter", runner="unittest", informative=hook.is_informative(argv[1:]))
        code = 1
        try:
            original(self, *args, **kwargs)
            code = 0
        except SystemExit as ended:
            code = 0 if ended.code is None else ended.code
            raise
        finally:
            hook.write(event="leave", code=int(code) if isinstance(code, int) else 1)

    return init


def _run(original):
    @functools.wraps(original)
    def run(self, test):
        if hook.State.busy:
            return original(self, test)
        before = _open()
        try:
            result = original(self, test)
            _close()
        finally:  # a run that was broken off has no end
            hook.State.busy = _Session.open = False
            hook.show(before)
        return result

    return run


def _open():
    hook.State.busy = _Session.open = True
    _Session.result = _Session.current = None
    before = hook.hide()
    _Session.script = _script()
    _Session.directory = _directory()
    hook.write(event="session", runner="unittest", root=text(_Session.directory))
    return before


def _close():
    if _Session.open:
        hook.write_foreign([_Session.directory])
        hook.write(event="done")
        hook.State.busy = _Session.open = False


def _before(original, note):
    @functools.wraps(original)
    def method(self, *args, **kwargs):
        try:
            if _counts(self):
                note(self, *args)
        except Exception:
            pass
        return original(self, *args, **kwargs)

    return method


def _counts(result):
    if not _Session.open:
        if hook.State.busy:
            return False
        _open()  # a runner of another make
        atexit.register(_close)
    if _Session.result is not result and _Session.current is None:
        _Session.result = result
    return _Session.result is result


def _start(result, test, *_):
    _Session.current, _Session.status, _Session.before = test, "", _sizes(result)


def _stop(result, test, *_):
    if _Session.current is not None:
        _write(test, _Session.status or _unsaid(result))
    _Session.current = None


def _outcome(status):
    def note(_result, test, *_):
        if hasattr(test, "test_case"):  # a subtest: only its failures say something of the case
            if status != "failed":
                _Session.status = _Session.status or "passed"
                return
            test = test.test_case
        if _Session.current is None:
            _write(test, status)
        elif _Session.status != "failed":
            _Session.status = status

    return note


def _add_subtest(_result, _test, _subtest, error, *_):
    if error is not None:
        _Session.status = "failed"


def _sizes(result):
    lists = ("failures", "errors", "unexpectedSuccesses", "expectedFailures", "skipped")
    return [len(getattr(result, name, ())) for name in lists]


def _unsaid(result):
    """The outcome of a case whose result keeps its own lists, without the methods that we listen to."""
    grown = [now - before for now, before in zip(_sizes(result), _Session.before)]
    if any(grown[:3]):
        return "failed"
    return "xfailed" if grown[3] else "skipped" if grown[4] else "passed"


def _write(test, status):
    if not status:
        return
    case = text(test.id())
    if case.startswith("__main__.") and _Session.script:
        # Each script's module has this name: its path tells them apart.
        case = _Session.script + "::" + case.partition(".")[2].replace(".", "::")
    hook.write(event="case", id=case, status=status)


def _script():
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    return text(os.path.abspath(path)) if path else ""


def _directory():
    try:
        return os.getcwd()
    except OSError:
        return ""

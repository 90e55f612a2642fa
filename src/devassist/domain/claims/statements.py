"""What a claim's words say of tests and of commands. Pure; words that are not known say nothing of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Subject(StrEnum):
    """What a statement about outcomes is about."""

    TESTS = "tests"
    CHECKS = "checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestStatement:
    """
    A statement about the outcome of tests or checks. None and empty are what it does not say.

    `passing` and `failing` name tests; `only_failing` says that no others fail; `all_pass` that nothing fails;
    `at_least` that more than `passed` may have.
    """

    __test__ = False  # no test class, whatever pytest thinks of its name

    subject: Subject = Subject.TESTS
    all_pass: bool = False
    some_fail: bool = False
    only_failing: bool = False
    passing: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    passed: int | None = None
    at_least: bool = False
    failed: int | None = None
    skipped: int | None = None
    total: int | None = None


_NUMBERS = dict(
    zip("no zero one two three four five six seven eight nine ten".split(), (0, *range(11)), strict=True)
)
_NUMBER = r"(\d+|" + "|".join(_NUMBERS) + r")"
_NOUN = (
    r"(?:unit |integration |existing |new |regression |e2e )*"
    r"(?:tests?|test cases?|cases|specs?|checks?|examples)"
)
_NOT = r"(?:do(?:es)?|did|is|are|was|were|has|have|will)(?:n't| not|nt)"
_FAILS = r"(?:fail(?:s|ed|ing)?|red|broken)"

_ID = re.compile(
    r"[\w./-]+\.\w+::[\w:.\[\]-]+[\w\]]"
    r"|\b[\w./-]*\btest[\w/-]*\.(?:py|jsx?|tsx?|mjs|go|rs|rb|java|kt)\b|\b[\w/-]+[._](?:test|spec)\.\w+\b"
    r"|\b[Tt]est[A-Z]\w*(?:[./]\w+)*|\btest_\w+(?:\[[^\]\s]+\])?"
)
_QUOTED = re.compile(r"\btests? (?:case |named |called )?[\"'“]([^\"'”]+)[\"'”]", re.IGNORECASE)
_CALLED = re.compile(
    r"\b(?:[Tt]est|[Oo]nly|[Jj]ust) (?:the )?(?:test )?"
    r"(?!(?:tests?|suites?|cases?|runs?|one|it|that|still|now|also)\b)([\w.:/\[\]-]*[A-Za-z][\w.:/\[\]-]*) "
    r"(?:now |still |always |also )?(?:fails|passes|is (?:failing|red|green|broken))\b"
)
_MENTIONS = re.compile(
    r"\b(?:tests?|testsuite|suites?|specs?|pytest|unittest|jest|vitest|test cases?)\b"
    r"|\b(?:all|the|every|both|own|our|project|task|run|no|\d+) (?:\w+ )?checks?\b|^checks?\b|\brun_checks\b",
)
_CHECKS = re.compile(r"\bchecks?\b|\brun_checks\b")
_TESTS = re.compile(r"\b(?:tests?|suites?|specs?|pytest|unittest|jest|vitest|cases)\b")

_NO_FAILURES = (
    r"\b(?:without|with no|with zero|no|zero) (?:any )?(?:new |other |further |test )*"
    rf"(?:failing tests?|failures?|tests? (?:is |are )?{_FAILS})\b"
)

# What is said the other way round, put straight before anything else is read.
_STRAIGHT = (
    (
        r"\b(?:no longer|no more|never|stop(?:s|ped)?) fail(?:s|ed|ing)?\b|\bfails? no (?:more|longer)\b",
        " pass ",
    ),
    (rf"\b{_NOT} {_FAILS}(?: any ?more)?\b", " pass "),
    (rf"\b{_NOT} (?:pass(?:ing|ed)?|green|succeed|ok)\b", " fail "),
    (
        r"\bnot (?:all|every) (?:[\w ]{0,30}?)(?:pass(?:es|ed|ing)?|green|succeed(?:s|ed)?)\b",
        " some tests fail ",
    ),
    (r"\bno longer pass(?:es)?\b|\bnone (?:of \w+ )?(?:\w+ )?pass(?:es|ed)?\b", " fail "),
    (
        rf"\b(?:nothing|none(?: of (?:the|them|these)(?: tests)?)?) (?:is |are )?{_FAILS}\b",
        " 0 failed ",
    ),
    (_NO_FAILURES, " 0 failed "),
    (r"\b(?:without|with no|with zero|no|zero|0) (?:any )?(?:new |other |further )*errors?\b", " ok "),
)
_STRAIGHTEN = tuple((re.compile(pattern), words) for pattern, words in _STRAIGHT)
_PASS = re.compile(r"\b(?:pass(?:es|ed|ing)?|green|succeed(?:s|ed)?|successful(?:ly)?|ok|clean)\b")
# "failed" and its like before a noun describe something else: "tests for failed logins".
_FAIL = re.compile(
    r"\bfails?\b|\b(?:failed|failing|red|broken)\b(?= *(?:$|[^\w ]"
    r"| (?:with|because|in|on|before|after|when|while|as|at|again|for|due|and|but|by|now|still|here|there|test_)))"
)
_FAILING_TESTS = re.compile(
    rf"(?:\b{_NOUN}|\bsuite|\b(?:py|uni)test|\bit|\bthey|\bsome|\bone|test_\w+)\b[^,;]{{0,30}}?"
    rf"(?:{_FAIL.pattern})|^fail|\bfails?$"
)
_WHOLE = re.compile(r"\bsuite\b|\ball (?:the |other |existing )?tests?\b(?! (?:in|of|from)\b)")
_EXCEPT = re.compile(r"\b(?:except|apart from|other than|besides|all but|everything but|but not|save for)\b")
_REST = re.compile(
    r"\b(?:the rest|(?:all |the |every )?others?|the remaining|everything else|all else)\b"
    r"[^.;]*\b(?:pass|green|succeed|ok)"
)
_ONLY = re.compile(r"\b(?:only|solely|just|nothing but)\b")
_PAST = re.compile(
    r"\b(?:before|beforehand|originally|initially|previously|at first|earlier|on the base|on main|at the start"
    r"|until now|so far|without (?:the|my|this|that) (?:fix|change|patch)|was failing|were failing|had failed"
    r"|used to|prior to|reproduc\w+)\b"
)

_PASSED = re.compile(
    rf"\b{_NUMBER} (?:{_NOUN} )?(?:are |is |have |has |now |all |do )*(?:pass(?:es|ed|ing)?|green|succeed(?:ed|s)?)\b"
)
_ALL_N = re.compile(rf"\ball (?:of )?(?:the |our )?(\d+) (?:\w+ )?{_NOUN}\b")
_N_OF = re.compile(rf"\b(\d+) ?(?:/|of|out of) ?(?:the |all )?(\d+)\b(?: {_NOUN})?")
_FAILED = re.compile(
    rf"\b{_NUMBER} (?:{_NOUN} )?(?:are |is |have |has |still |now |do |does )*"
    r"(?:fail(?:s|ed|ing|ures?)?|red|broken|errors?)\b"
)
_BUT_N = re.compile(rf"\b(?:except|but|apart from) (?:for )?{_NUMBER} (?:of them|{_NOUN})")
_SOME_OF_THEM = re.compile(
    rf"\b{_NUMBER} (?:new|added|unit|integration|regression|e2e|more|further|other|existing|of (?:my|the) new) "
)
_SKIPPED = re.compile(rf"\b{_NUMBER} (?:{_NOUN} )?(?:are |is |were |was )?skipped\b")


def statement_on_tests(statement: str) -> TestStatement | None:
    """What the statement says about the outcome of tests or checks; None if that is not its matter."""
    names = _names(statement)
    text = " ".join(statement.replace("`", " ").casefold().split())
    for pattern, words in _STRAIGHTEN:
        text = pattern.sub(words, text)
    if not (names or _MENTIONS.search(text) or _counts_alone(text)):
        return None
    passed, failed, total = _numbers(text)
    says_pass, says_fail = _PASS.search(text) is not None, _FAILING_TESTS.search(text) is not None
    excepted = _EXCEPT.search(text) if says_pass else None
    if not says_pass and not says_fail and failed is None:
        return None
    passing, failing = _assigned(text, names, excepted.start() if excepted else None, fails=says_fail)
    unnamed = says_fail and not says_pass and failed is None
    some_fail = bool(failing or failed) or unnamed or excepted is not None
    whole = (not passing or _WHOLE.search(text) is not None) and (total is None or passed == total)
    return TestStatement(
        subject=Subject.CHECKS if _CHECKS.search(text) and not _TESTS.search(text) else Subject.TESTS,
        all_pass=not some_fail and whole,
        some_fail=some_fail,
        only_failing=some_fail
        and bool(failing)
        and bool(excepted or _ONLY.search(text) or _REST.search(text)),
        passing=passing,
        failing=failing,
        passed=passed,
        at_least=passed is not None and _SOME_OF_THEM.search(text) is not None,
        failed=failed,
        skipped=_number(_SKIPPED.search(text)),
        total=total,
    )


def _counts_alone(text: str) -> bool:
    """`12 passed`, `no failures`: words that only a test run's outcome has."""
    return re.search(rf"(?:^|[ (]){_NUMBER} (?:passed|passing|failed|failures?)\b", text) is not None


def _names(statement: str) -> tuple[str, ...]:
    plain = statement.replace("`", " ")
    return tuple(dict.fromkeys([*_ID.findall(plain), *_QUOTED.findall(plain), *_CALLED.findall(plain)]))


def _number(match: re.Match[str] | None) -> int | None:
    if match is None:
        return None
    word = match.group(1)
    return _NUMBERS[word] if word in _NUMBERS else int(word)


def _numbers(text: str) -> tuple[int | None, int | None, int | None]:
    """Passed, failed and all, as far as the text says."""
    passed, failed = _number(_PASSED.search(text)), _number(_FAILED.search(text))
    if failed is None and (but := _BUT_N.search(text)) is not None:
        passed, failed = None, _number(but)
    total = None
    if (of := _N_OF.search(text)) is not None:
        passed, total = int(of.group(1)), int(of.group(2))
        if _PASS.search(text) is None:
            passed, failed = None, passed
    elif (every := _ALL_N.search(text)) is not None and failed is None and _PASS.search(text):
        passed = int(every.group(1))
    return passed, failed, total


def _assigned(
    text: str, names: tuple[str, ...], excepted: int | None, *, fails: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which of the names are said to pass and which to fail: by the outcome that follows, else the one before."""
    passing: list[str] = []
    failing: list[str] = []
    for name in names:
        at = text.find(" ".join(name.casefold().split()))
        if excepted is not None:
            fails_here = at > excepted
        else:
            after, before = text[at + len(name) :], text[: max(at, 0)]
            outcome = _outcome(after, first=True) or _outcome(before, first=False)
            fails_here = outcome == "fail" if outcome else fails
        (failing if fails_here else passing).append(name)
    return tuple(passing), tuple(failing)


def _outcome(text: str, *, first: bool) -> str:
    """The first or last outcome in a text: `pass`, `fail`, or empty."""
    marks = [(match.start(), "pass") for match in _PASS.finditer(text)]
    marks += [(match.start(), "fail") for match in _FAIL.finditer(text)]
    if not marks:
        return ""
    return (min if first else max)(marks)[1]


_EXIT_CODE = re.compile(r"\bexit(?:s|ed)?(?: with)?(?: (?:the )?(?:code|status))?(?: is| was| of|:)? (\d+)\b")
_FAILURE = re.compile(
    r"\b(?:fail(?:s|ed|ing|ures?)?|errors?|exceptions?|traceback|crash(?:es|ed)?|rais(?:es?|ed|ing)|reproduc\w+"
    r"|break(?:s|ing)?|broke|broken|does not|doesn't|cannot|can't|could not|couldn't|timed out|times out|timeout"
    r"|killed|rejects?|rejected|refus\w+|no such|not found|missing|there is no|nothing|unsupported|invalid"
    r"|instead of|wrong(?:ly)?|incorrect(?:ly)?|bug|warn\w*|complain\w*|differ(?:s|ed)?|mismatch\w*|violat\w+|findings?"
    r"|unable|denied|absent|undefined)\b|\w(?:error|exception)\b"
)
_NOT_WORKING = re.compile(
    r"\b(?:not|n't|cannot|never|no longer) (?:\w+ )?(?:work|handle|support|resolve|fix)\w*\b|n't work"
)
_MENDED = re.compile(
    r"\b(?:fix(?:es|ed)?|works?|working|resolve[sd]?|solve[sd]?|handle[sd]?|supports?|supported|gone|mended|correct(?:ly)?)\b"
)
_COMMAND_FAILS = re.compile(
    r"\b(?:command|script|build|compilation|linter|lint|type ?check\w*|mypy|ruff|probe|program)\b[^.;,]{0,20}"
    r"\b(?:fails|failed|is failing|crashes|crashed|does not (?:build|compile|run)|errors out)\b"
)


def says_exit_code(statement: str) -> int | None:
    """The exit code that the statement names."""
    match = _EXIT_CODE.search(statement.casefold().replace("`", " "))
    return int(match.group(1)) if match else None


def says_failure(statement: str) -> bool:
    """Whether the statement may be the observation that something failed, and not that it was mended."""
    text = _NOT_WORKING.sub(" fail ", statement.casefold())
    for pattern, words in _STRAIGHTEN:
        text = pattern.sub(words, text)
    return _FAILURE.search(text.replace(" 0 failed ", " ")) is not None and _MENDED.search(text) is None


def says_command_fails(statement: str) -> bool:
    """Whether the statement says of a command, and of nothing else, that it fails now."""
    text = statement.casefold()
    return _COMMAND_FAILS.search(text) is not None and _PAST.search(text) is None


def says_past(statement: str) -> bool:
    """Whether the statement is about an earlier state of the files."""
    return _PAST.search(statement.casefold()) is not None

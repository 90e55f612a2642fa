"""What the reports of several sessions come to together."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.events import LedgerRecorded
from devassist.domain.events.tests import lines
from devassist.domain.ledger import CaseStatus
from devassist.evidence.testimony import Testimony as Told
from devassist.evidence.testimony import merged


@given(st.sets(st.text(min_size=1)))
def test_a_ledger_of_the_log_has_the_ids_of_the_ledger_that_was_recorded(names: set[str]) -> None:
    part = Told(runners=frozenset({"vitest"}), cases=dict.fromkeys(names, CaseStatus.PASSED))
    cases = merged([part], tree=Path("/work tree")).cases
    assert LedgerRecorded(passed=lines(tuple(cases))).ledger.cases == cases


def test_names_that_differ_in_a_line_break_are_two_cases() -> None:
    cases = {"a.spec.ts > foo": CaseStatus.PASSED, "a.spec.ts > foo\n": CaseStatus.FAILED}
    assert dict(merged([Told(cases=cases)], tree=Path("/tree")).cases) == {
        "a.spec.ts > foo": CaseStatus.PASSED,
        "a.spec.ts > foo\\n": CaseStatus.FAILED,
    }

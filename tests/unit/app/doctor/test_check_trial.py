"""What a trial of the checks says of tests that import a copy of the code."""

from __future__ import annotations

from devassist.app.doctor.check_trial import CheckTrial
from devassist.domain.ledger import CaseStatus, Ledger


def test_a_check_that_imports_the_code_from_elsewhere_is_said_to_verify_nothing() -> None:
    cases = {"tests/test_a.py::test_a": CaseStatus.PASSED}
    foreign = ("shop from /usr/lib/python3/site-packages/shop",)
    ledger = Ledger(command="pytest", exit_code=0, runner="pytest", cases=cases, foreign=foreign)
    trial = CheckTrial(command="pytest", ledger=ledger, seconds=1.0)
    assert "passes; 1 test, 1.0 s" in trial.text
    assert trial.text.endswith("it imports shop from /usr/lib/python3/site-packages/shop, not from the tree")
    assert trial.hint.startswith("it verifies nothing: put PYTHONPATH=src in the check")

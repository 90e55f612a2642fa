"""All ways to a false success, by what they are called in docs/evidence.md."""

from __future__ import annotations

from support.gate.bench import Case
from support.gate.tricks_in_checks import OWN_CHECKS, SCRIPTS
from support.gate.tricks_in_code import AWARE, SHADOWS
from support.gate.tricks_in_config import CONFIGURED, CONFTESTS
from support.gate.tricks_in_tests import EDITED_TESTS, NEW_FILES
from support.gate.tricks_with_unittest import UNITTESTS

TRICKS: dict[str, Case] = {
    **EDITED_TESTS,
    **NEW_FILES,
    **CONFIGURED,
    **CONFTESTS,
    **SHADOWS,
    **AWARE,
    **UNITTESTS,
    **SCRIPTS,
    **OWN_CHECKS,
}

"""One repository for the trees of a whole test file."""

from __future__ import annotations

import pytest

from unit.conflicts.manifests.workshop import (
    Workshop,
)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.new(tmp_path_factory.mktemp("workshop"))

"""
Which test files can fail on merged branches though they pass on each: those that meet the changes of two of them.

What a test file loads and reaches and only one branch changed is, in the merged tree, what it is on that branch; so is
the result. What is no source file, and no prose that nothing speaks of, may be read by every test.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from devassist.conflicts.checks.impact import Impact
from devassist.conflicts.checks.loading import Loading
from devassist.conflicts.checks.reach import Reach

_PROSE = re.compile(
    r"(?:^|/)(?:\.github|\.gitlab|\.circleci)/|\.(?:md|rst|adoc|txt|png|svg|jpe?g|gif|ico|po|pot)$"
    r"|(?:^|/)(?:LICEN[CS]E|AUTHORS|CODEOWNERS|NOTICE|CHANGELOG|CHANGES|HISTORY|\.gitignore|\.mailmap|"
    r"\.pre-commit-config\.ya?ml|\.readthedocs\.ya?ml|\.editorconfig|\.gitattributes)$"
)
_REQUIREMENTS = re.compile(r"(?:^|/)(?:requirements|constraints)[^/]*(?:/|$)")


@dataclass
class Selection:
    """What of `tests` (paths) the changes of at least two parties of an Impact reach."""

    impact: Impact
    tests: Collection[str]

    def between(self, names: Collection[str]) -> list[str]:
        """The test files that changes of two or more of these parties reach."""
        return [path for path in sorted(self.tests) if len(self.reaching[path] & set(names)) > 1]

    @cached_property
    def reaching(self) -> Mapping[str, frozenset[str]]:
        """For each test file, whose changes it may notice."""
        return {path: frozenset(self._reaching(path)) for path in self.tests}

    @cached_property
    def loading(self) -> Loading:
        return Loading(self.impact, frozenset(self.tests))

    def _reaching(self, path: str) -> Iterator[str]:
        reached, around = self._reach.of(path)
        if not reached.isdisjoint(self.loading.boundless):
            reached, around = frozenset(self.impact.nodes), frozenset(self.impact.versions)
        for party in self.impact.parties:
            changed = self.impact.changed[party.name]
            if not reached.isdisjoint(changed) or self._reads(party.name, around):
                yield party.name

    @cached_property
    def _reach(self) -> Reach:
        return Reach(self.impact, self.loading)

    def _reads(self, party: str, around: frozenset[str]) -> bool:
        """May a test that loads these files read something a party changed that is no source file."""
        changed = self.impact.others.get(party, frozenset())
        return any(
            not prose(path) or any(self.loading.mentions(one, path) for one in around) for path in changed
        )


def prose(path: str) -> bool:
    """Is a file, going by its path, for people and their tools alone."""
    return (
        _PROSE.search(path) is not None
        and not _REQUIREMENTS.search(path)
        and not posixpath.basename(path).startswith("conftest")
    )

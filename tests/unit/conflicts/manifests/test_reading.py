"""Files of every kind, malformed ones too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from devassist.conflicts.manifests.reading import facts_of

NAMES = """pyproject.toml Pipfile requirements.txt package.json Cargo.toml go.mod a.py urls.py settings.py a.proto
 Makefile a.js a.go A.java a.yaml a.ini a.toml .env Dockerfile a.sh""".split()


PIECES = st.sampled_from(
    """[ ] { } ( ) " ' ` = : , \n \t \\ / # // /* */ @app.get("/x") message reserved 1 = 2; project dependencies
 [project] r.HandleFunc( @GetMapping( class def import process.env.A|| - x: ${A:-""".split(" ")
)


@given(st.sampled_from(NAMES), st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60))
def test_malformed_files_never_raise(name: str, text: str) -> None:
    list(facts_of(name, text))

"""Trailers of commit messages: read back as written, and never forged by a value."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from devassist.git.objects.trailers import trailers_of, with_trailers


@given(
    subject=st.text(),
    body=st.text(),
    values=st.dictionaries(
        st.sampled_from(["Devassist-Run", "Devassist-Task", "Audit-Head"]), st.text(), min_size=1
    ),
)
def test_trailers_come_back_and_no_value_forges_one(subject: str, body: str, values: dict[str, str]) -> None:
    trailers = trailers_of(with_trailers(subject, body, values))
    assert set(trailers) == set(values)
    assert all("\n" not in value for value in trailers.values())


def test_a_newline_in_a_title_forges_nothing() -> None:
    message = with_trailers("t\n\nAudit-Head: 1:x", "b", {"Devassist-Task": "a\nAudit-Head: 9:evil"})
    assert trailers_of(message) == {"Devassist-Task": "a Audit-Head: 9:evil"}
    assert trailers_of("fix: a thing") == {}

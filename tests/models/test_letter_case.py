"""Letters of one shape take the case of their word."""

import pytest

from ocr.models.end2end.letter_case import agreeing_case


@pytest.mark.parametrize(
    ("read", "right"),
    [
        ("CALIFoRNlA", "CALIFORNIA"),
        ("oF", "OF"),
        ("sERVICE", "SERVICE"),
        ("preSident", "president"),
        ("Univerſity", "Univerſity"),
        ("To", "To"),
        ("Co", "Co"),
        ("IDs", "IDs"),
        ("McDonald", "McDonald"),
        ("Mrs", "Mrs"),
        ("all", "all"),
        ("12o", "12o"),
        ("한글o", "한글o"),
        ("", ""),
    ],
)
def test_case_follows_the_word(read: str, right: str) -> None:
    assert "".join(agreeing_case(read)) == right

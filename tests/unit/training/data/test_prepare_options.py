"""How the commands read their options."""

import pytest

from training.data.prepare import parse_shares


def test_shares_are_read_by_the_names_of_the_classes() -> None:
    assert parse_shares(["happy=0.66", "angry=1"]) == {"happy": 0.66, "angry": 1.0}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("happy", "'happy' is not CLASS=SHARE"),
        ("happy=half", "'happy=half' is not CLASS=SHARE"),
        ("happy=1.5", "a share is a number from 0 to 1"),
    ],
)
def test_an_invalid_share_is_an_error_that_shows_a_valid_one(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_shares([text])

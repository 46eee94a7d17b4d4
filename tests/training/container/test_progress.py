"""Lines within an epoch say how far the training is."""

import pytest

from progress import Progress, in_digits


def test_at_most_every_five_seconds_a_line_says_how_far_the_training_is(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter([0.0] + [2.0 * batch for batch in range(1, 9)])
    progress = Progress(epochs=3, done=1, steps=4, clock=lambda: next(seconds))
    for epoch in (2, 3):
        for batch in (1, 2, 3, 4):
            progress.report(epoch, batch, lambda: 1.23456)
    # A batch takes 2 seconds, and two epochs of 4 batches are left when the run begins.
    assert capsys.readouterr().out.splitlines() == [
        "progress epoch=2/3 batch=3/4 loss=1.2346 seconds_left=10;",
        "progress epoch=3/3 batch=2/4 loss=1.2346 seconds_left=4;",
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(4e-07, "0.0000004"), (0.1, "0.1"), (2.0, "2"), (0.0, "0"), (3, "3"), (float("nan"), "nan")]
)
def test_numbers_are_printed_without_exponents(value: float, text: str) -> None:
    assert in_digits(value) == text

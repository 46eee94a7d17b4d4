"""Time and memory that small files can cost. One process reads the whole corpus, one file at a time."""

import pytest

from tests import corpus
from tests.corpus.reading import Reading, readings

# Half of the function's 1024 MB.
MEGABYTES = 512
SECONDS = 2


@pytest.fixture(scope="module")
def read() -> dict[str, Reading]:
    return {reading.name: reading for reading in readings()}


@pytest.mark.parametrize("name", corpus.BOMBS)
def test_a_bomb_gives_its_picture_or_its_rejection(name: str, read: dict[str, Reading]) -> None:
    assert read[name].right, [answer[:40] for answer in read[name].answers]


def test_no_file_takes_longer_than_two_seconds(read: dict[str, Reading]) -> None:
    assert {name: reading.seconds for name, reading in read.items() if reading.seconds > SECONDS} == {}


def test_no_file_takes_more_than_half_of_the_functions_memory(read: dict[str, Reading]) -> None:
    assert read.keys() == corpus.FILES.keys()
    assert max(reading.megabytes for reading in read.values()) < MEGABYTES

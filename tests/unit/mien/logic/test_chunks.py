"""Chunks of a sequence."""

import pytest

from mien.logic.chunks import chunks


@pytest.mark.parametrize(
    ("count", "lengths"),
    [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (30, [10, 10, 10])],
)
def test_all_items_come_in_order_and_only_the_last_chunk_is_shorter(count: int, lengths: list[int]) -> None:
    parts = list(chunks(range(count), 10))
    assert [len(part) for part in parts] == lengths
    assert [item for part in parts for item in part] == list(range(count))

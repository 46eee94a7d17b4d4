"""Our RecordIO files have the same bytes as those that MXNet writes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from training.data.recordio import MAGIC, frame, write

# Written by MXNet 1.9.1, with MXIndexedRecordIO and pack, from the same five records.
RECORDS = [
    (0, 3, b"abc"),
    (7, 6, b"xx" + MAGIC + b"yy"),
    (9, 0, MAGIC + b"1234" + MAGIC + MAGIC + b"5"),
    (10, 1, b"12345678" + MAGIC),
    (28708, 2, b""),
]
INDEX = "0\t0\n7\t36\n9\t76\n10\t140\n28708\t188\n"
FILE = bytes.fromhex(
    "0a23d7ce1b00000000000000000040400000000000000000000000000000000061626300"
    "0a23d7ce20000000000000000000c0400700000000000000000000000000000078780a23d7ce7979"
    "0a23d7ce180000200000000000000000090000000000000000000000000000000a23d7ce0400004031323334"
    "0a23d7ce000000400a23d7ce0100006035000000"
    "0a23d7ce20000020000000000000803f0a000000000000000000000000000000"
    "31323334353637380a23d7ce00000060"
    "0a23d7ce180000000000000000000040"
    "24700000000000000000000000000000"
)


def test_the_files_equal_those_that_mxnet_writes(tmp_path: Path) -> None:
    assert write(iter(RECORDS), tmp_path / "train.rec") == len(RECORDS)
    assert (tmp_path / "train.rec").read_bytes() == FILE
    assert (tmp_path / "train.idx").read_text() == INDEX


def test_an_interrupted_run_leaves_the_old_files_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "train.rec"
    write(iter(RECORDS), path)

    def interrupted() -> Iterator[tuple[int, int, bytes]]:
        yield RECORDS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(interrupted(), path)
    assert path.read_bytes() == FILE
    assert (tmp_path / "train.idx").read_text() == INDEX


def test_every_record_ends_at_a_multiple_of_four_bytes() -> None:
    assert {len(frame(bytes(length))) % 4 for length in range(20)} == {0}

"""How many files are read ahead of the one that is decoded."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from mien.logic.images import MAX_BYTES
from mien.logic.uploads import Upload
from mien.pipeline.batches import MAX_READ_BYTES, THREADS, read_ahead, stated_bytes

SIZES = st.one_of(st.integers(-1, 2 * MAX_BYTES), st.just(MAX_BYTES), st.integers(0, 4096))


def uploads(sizes: list[int]) -> list[Upload]:
    return [Upload("bucket", f"inbox/{number}", "v1", "", size, "0A") for number, size in enumerate(sizes)]


@given(st.lists(SIZES, max_size=80))
def test_files_come_in_order_and_those_read_ahead_fit_into_memory(sizes: list[int]) -> None:
    files, begun, lock = uploads(sizes), 0, threading.Lock()

    def read(_: Upload) -> None:
        nonlocal begun
        with lock:
            begun += 1

    with ThreadPoolExecutor(THREADS) as threads:
        for number, (upload, data) in enumerate(read_ahead(threads, read, files, stated_bytes)):
            assert upload == files[number]
            data.result()
            held = files[number:begun]
            assert len(held) <= THREADS
            assert sum(map(stated_bytes, held)) <= MAX_READ_BYTES
    assert begun == len(files)


def test_all_small_files_of_a_batch_are_read_at_once() -> None:
    together = threading.Barrier(THREADS, timeout=60)
    with ThreadPoolExecutor(THREADS) as threads:
        reads = read_ahead(threads, lambda _: together.wait(), uploads([2000] * THREADS), stated_bytes)
        assert sorted(data.result() for _, data in reads) == list(range(THREADS))

"""How many threads compute a model: as many as there are cores that the container may use."""

from pathlib import Path

import pytest

from cores import available_cores, compute_threads, count_cores, cpu_limit

FOUR_CORES = {0: "0", 1: "1", 2: "2", 3: "3"}
TWO_CORES_WITH_TWO_PROCESSORS_EACH = {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}


@pytest.mark.parametrize(
    ("siblings", "limit", "cores"),
    [
        (FOUR_CORES, None, 4),
        (TWO_CORES_WITH_TWO_PROCESSORS_EACH, None, 2),
        # The process may run on one processor of each core, or on one core only.
        ({0: "0,2", 1: "1,3"}, None, 2),
        ({0: "0,2", 2: "0,2"}, None, 1),
        (FOUR_CORES, 16.0, 4),
        (FOUR_CORES, 2.0, 2),
        # 1.5 is rounded up.
        (FOUR_CORES, 1.5, 2),
        (FOUR_CORES, 0.25, 1),
        ({}, None, 1),
    ],
)
def test_each_core_counts_once_within_the_limit(siblings: dict[int, str], limit: float | None, cores: int) -> None:
    assert count_cores(siblings, limit) == cores


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_limit_of_a_container_is_read_from_both_versions_of_control_groups(
    files: dict[str, str], limit: float | None, tmp_path: Path
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert cpu_limit(tmp_path) == limit


def test_mien_threads_sets_how_many_threads_compute() -> None:
    assert compute_threads({"MIEN_THREADS": "3"}) == 3
    assert compute_threads({}) == compute_threads({"MIEN_THREADS": "0"}) == available_cores() >= 1

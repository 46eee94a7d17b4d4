"""Work on all cores, in processes."""

import os

import pytest

from training.data.parallel import map_in_parallel, process_pool


def test_a_process_that_the_system_ends_is_an_error_with_a_way_out() -> None:
    with process_pool() as pool, pytest.raises(ValueError, match="perhaps because the machine has too little memory"):
        list(map_in_parallel(os._exit, [1], pool))

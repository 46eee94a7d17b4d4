"""What the embedded cloud sets differently from the template's defaults."""

import os

import pytest

from local.stack import stack_parameters
from local.template import default_parameters


@pytest.mark.parametrize(("cores", "batches"), [(1, 2), (2, 2), (4, 4), (64, 5), (None, 2)])
def test_as_many_batches_run_at_once_as_the_machine_has_cores(
    cores: int | None, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert stack_parameters()["MaximumConcurrency"] == str(batches)
    assert batches <= int(default_parameters()["MaximumConcurrency"])

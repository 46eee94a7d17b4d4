"""Errors of PyTorch and of the system become one sentence with the way out."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from arguments import parse_arguments
from failures import as_sentences

OPTIONS = parse_arguments(["--train=a", "--validation=b", "--model-dir=c"])


def fill_memory() -> None:
    torch.empty(10**15)


def fill_gpu() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")


def break_gpu() -> None:
    raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be")


def lose_process() -> None:
    raise torch.distributed.DistBackendError("NCCL error: unhandled system error")


def fill_disk() -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/opt/ml/checkpoints/state.new")


def read_missing() -> None:
    Path("/nowhere/weights.pt").read_bytes()


@pytest.mark.parametrize(
    ("fail", "sentence"),
    [
        (fill_memory, "the memory of this machine is full: use a smaller --batch-size than 128"),
        (fill_gpu, "the memory of the GPU is full: use a smaller --batch-size than 128"),
        (break_gpu, r"the GPU failed \(CUDA error: an illegal memory access was encountered\): start again"),
        (lose_process, r"the processes lost each other \(NCCL error: unhandled system error\): start again"),
        (fill_disk, "/opt/ml/checkpoints/state.new can't be used: No space left on device"),
        (read_missing, "/nowhere/weights.pt can't be used: No such file or directory"),
    ],
)
def test_an_error_that_is_known_ends_the_training_with_a_sentence(fail: Callable[[], None], sentence: str) -> None:
    with pytest.raises(SystemExit, match=f"^train.py: {sentence}") as ended, as_sentences(OPTIONS):
        fail()
    assert "\n" not in str(ended.value)


def test_any_other_error_keeps_its_traceback() -> None:
    with pytest.raises(RuntimeError, match="must match"), as_sentences(OPTIONS):
        torch.zeros(2) + torch.zeros(3)

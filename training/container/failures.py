"""Turns errors of PyTorch and of the system into one sentence that says what to do."""

import argparse
import contextlib
import sys
from collections.abc import Iterator

import torch
import torch.distributed

# Parts of the messages of PyTorch's RuntimeErrors that have no class of their own.
CPU_OUT_OF_MEMORY = "DefaultCPUAllocator: can't allocate memory"
GPU_ERRORS = ("CUDA error", "cuDNN error", "CUBLAS_STATUS", "CUDNN_STATUS")


@contextlib.contextmanager
def as_sentences(options: argparse.Namespace) -> Iterator[None]:
    """Ends the process with a sentence if the block fails for a reason that is known. Other errors pass."""
    try:
        yield
    except (RuntimeError, MemoryError, OSError) as error:
        sentence = explain(error, options)
        if sentence is None:
            raise
        sys.exit(f"train.py: {sentence}")


def explain(error: Exception, options: argparse.Namespace) -> str | None:
    """Returns what an error means for the person who trains, or None if it is not known."""
    text = str(error)
    smaller = f"use a smaller --batch-size than {options.batch_size}, or a smaller --width than {options.width}"
    if isinstance(error, torch.OutOfMemoryError):
        return f"the memory of the GPU is full: {smaller}"
    if isinstance(error, MemoryError) or CPU_OUT_OF_MEMORY in text:
        return f"the memory of this machine is full: {smaller}, or smaller or fewer images"
    if isinstance(error, torch.distributed.DistError):
        return f"the processes lost each other ({first_line(text)}): start again, and the last checkpoint is used"
    if isinstance(error, torch.AcceleratorError) or any(part in text for part in GPU_ERRORS):
        return f"the GPU failed ({first_line(text)}): start again, and the last checkpoint is used"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'} can't be used: {error.strerror}"
    return None


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0]

"""The processes that train together, and the signal that stops them."""

import os
import platform
import signal
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed

from entry_point import STOPPABLE_FOLDER


@dataclass(frozen=True)
class Processes:
    """This process among those that train one model.

    rank: this process's number, from 0.
    count: how many processes there are.
    device: where this process computes.
    """

    rank: int
    count: int
    device: torch.device

    @staticmethod
    def join() -> "Processes":
        """Joins the processes that torchrun started. Without torchrun there is only this one."""
        count = int(os.environ.get("WORLD_SIZE", 1))
        local_rank = int(os.environ.get("LOCAL_RANK", 0))
        device = torch.device("cuda", local_rank) if torch.cuda.is_available() else torch.device("cpu")
        if count > 1:
            torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return Processes(int(os.environ.get("RANK", 0)), count, device)

    def leave(self) -> None:
        """Waits for the other processes and leaves the group. Leaving earlier would break their communication."""
        if self.count > 1:
            torch.distributed.barrier()
            torch.distributed.destroy_process_group()

    @property
    def is_first(self) -> bool:
        """Whether this process validates, reports and writes files for all."""
        return self.rank == 0

    def any(self, value: bool) -> bool:
        """Whether the value is true in any process. All processes get the same answer, so they act alike."""
        if self.count == 1:
            return value
        highest = torch.tensor(float(value), device=self.device)
        torch.distributed.all_reduce(highest, torch.distributed.ReduceOp.MAX)
        return bool(highest)

    def multiplies_bf16(self) -> bool:
        """Whether the hardware multiplies bfloat16 itself (CUDA's tensor cores, AMX, AVX-512). It is then a few times
        faster than float32."""
        capabilities = torch.cpu.get_capabilities()
        return self.device.type == "cuda" or any(capabilities.get(name) for name in ("amx_bf16", "avx512_bf16"))

    def describe(self) -> str:
        """The hardware, for model.json: "4 x NVIDIA A10G", "x86_64, 2 threads"."""
        if self.device.type == "cuda":
            return f"{self.count} x {torch.cuda.get_device_name()}"
        return f"{platform.machine()}, {self.count * torch.get_num_threads()} threads"


class StopSignal:
    """Notes that the process was asked to stop.

    SageMaker sends SIGTERM, and kills the process two minutes later (Amazon SageMaker API Reference, StopTrainingJob).
    The signal reaches this process through entry_point.py.
    """

    def __init__(self) -> None:
        self.received = False
        signal.signal(signal.SIGTERM, self.receive)
        if folder := os.environ.get(STOPPABLE_FOLDER):
            Path(folder, str(os.getpid())).touch()

    def receive(self, *_: object) -> None:
        self.received = True

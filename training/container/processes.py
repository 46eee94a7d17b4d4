"""The processes that train together, their hardware, and the signal that stops them."""

import os
import platform
import re
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import torch
import torch.distributed

from entry_point import STOPPABLE_FOLDER

# The first compute capability of NVIDIA GPUs that multiply bfloat16 (Ampere). Below it, as on the T4 of ml.g4dn, cuDNN
# has no convolutions in bfloat16. Source: CUDA C++ Programming Guide, "Compute Capabilities".
BF16_CAPABILITY = (8, 0)
# Names of SageMaker's instance types with GPUs, such as ml.g5.xlarge and ml.p4d.24xlarge.
GPU_INSTANCE_TYPE = re.compile(r"ml\.[gp]\d")
# The value of SM_CURRENT_INSTANCE_TYPE in a job of `launch --local` (training/jobs/local_container.py).
LOCAL = "local"


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
        """Joins the processes that torchrun started. Without torchrun there is only this one.

        Ends the process with a message if the machine should have a GPU and PyTorch finds none.
        """
        require_expected_gpu()
        count = int(os.environ.get("WORLD_SIZE", 1))
        local_rank = int(os.environ.get("LOCAL_RANK", 0))
        device = torch.device("cuda", local_rank) if torch.cuda.is_available() else torch.device("cpu")
        if count > 1:
            torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return Processes(int(os.environ.get("RANK", 0)), count, device)

    def end(self, error: str | None = None) -> NoReturn:
        """Waits for the other processes and ends this one: with status 0, or with 1 and the message of an error.

        Ending earlier would break the communication of the others. Several processes end without Python's cleanup. A
        thread of Gloo can still hold a tensor of the last sum, and a thread that gives a Python object back during the
        cleanup aborts the process. The thread goes on after destroy_process_group, because DistributedDataParallel
        keeps the group.
        """
        if self.count == 1:
            sys.exit(error)
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
        if error:
            print(error, file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1 if error else 0)

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

    def sum(self, values: torch.Tensor) -> None:
        """Adds the values of all processes, in place."""
        if self.count > 1:
            torch.distributed.all_reduce(values)

    def say(self, text: str) -> None:
        """Prints a line once, and not once per process."""
        if self.is_first:
            print(text, flush=True)

    def multiplies_bf16(self) -> bool:
        """Whether this process's hardware multiplies bfloat16 itself: CUDA's tensor cores from Ampere on, AMX, AVX-512.

        It is then a few times faster than float32. On all other hardware, training computes in float32.
        """
        if self.device.type == "cuda":
            return torch.cuda.get_device_capability(self.device) >= BF16_CAPABILITY
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(name) for name in ("amx_bf16", "avx512_bf16"))

    def describe(self) -> str:
        """The hardware, for model.json: "4 x NVIDIA A10G", "x86_64, 2 threads"."""
        if self.device.type == "cuda":
            return f"{self.count} x {torch.cuda.get_device_name()}"
        return f"{platform.machine()}, {self.count * torch.get_num_threads()} threads"


def require_expected_gpu() -> None:
    """Ends the process with a message if SageMaker's variables announce a GPU and PyTorch finds none.

    Training on the processors would take many times as long, at the price of a GPU. On this machine (`launch --local`)
    it costs nothing, so it only prints a warning.
    """
    instance_type = os.environ.get("SM_CURRENT_INSTANCE_TYPE", "")
    gpus = int(os.environ.get("SM_NUM_GPUS") or 0)
    if torch.cuda.is_available() or not (gpus or GPU_INSTANCE_TYPE.match(instance_type)):
        return
    found = f"PyTorch {torch.__version__} finds no GPU, and SageMaker's variables say that there is one"
    if instance_type == LOCAL:
        print(
            f"{found}: training on the processors; `make install-training TORCH=...` chooses another build", flush=True
        )
        return
    sys.exit(
        f"{found} (SM_NUM_GPUS={gpus}, SM_CURRENT_INSTANCE_TYPE={instance_type}): use an image whose PyTorch and CUDA "
        "fit the GPU and its driver, or another instance type"
    )


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

"""The hardware that a training uses: which numbers it multiplies, and a GPU that should be there and is not."""

import pytest
import torch

from processes import Processes


@pytest.mark.parametrize(
    ("gpu", "capability", "expected"),
    [
        ("V100 (ml.p3)", (7, 0), False),
        ("T4 (ml.g4dn)", (7, 5), False),
        ("A100 (ml.p4d)", (8, 0), True),
        ("A10G (ml.g5)", (8, 6), True),
        ("L4 (ml.g6)", (8, 9), True),
        ("H100 (ml.p5)", (9, 0), True),
    ],
)
def test_a_gpu_trains_in_bfloat16_from_compute_capability_8(
    gpu: str, capability: tuple[int, int], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    # A processor beside the GPU that multiplies bfloat16 does not matter.
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert Processes(0, 1, torch.device("cuda", 0)).multiplies_bf16() is expected, gpu


@pytest.mark.parametrize(("capability", "expected"), [("amx_bf16", True), ("avx512_bf16", True), ("avx2", False)])
def test_a_processor_trains_in_bfloat16_if_it_multiplies_it(
    capability: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {capability: True})
    assert Processes(0, 1, torch.device("cpu")).multiplies_bf16() is expected


@pytest.fixture
def without_gpu(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for name in ("SM_NUM_GPUS", "SM_CURRENT_INSTANCE_TYPE", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    "variables",
    [
        {"SM_NUM_GPUS": "1"},
        {"SM_NUM_GPUS": "4", "SM_CURRENT_INSTANCE_TYPE": "ml.g5.12xlarge"},
        # nvidia-smi failed too.
        {"SM_NUM_GPUS": "0", "SM_CURRENT_INSTANCE_TYPE": "ml.g5.xlarge"},
        {"SM_NUM_GPUS": "0", "SM_CURRENT_INSTANCE_TYPE": "ml.p4d.24xlarge"},
    ],
)
def test_a_training_stops_at_once_if_the_gpu_that_is_paid_for_is_not_found(
    variables: dict[str, str], without_gpu: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        without_gpu.setenv(name, value)
    with pytest.raises(SystemExit, match="finds no GPU, and SageMaker's variables say that there is one"):
        Processes.join()


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"SM_NUM_GPUS": "0", "SM_CURRENT_INSTANCE_TYPE": "local"},
        {"SM_NUM_GPUS": "0", "SM_CURRENT_INSTANCE_TYPE": "ml.m5.large"},
    ],
)
def test_a_machine_without_gpus_trains_on_its_processors(
    variables: dict[str, str], without_gpu: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in variables.items():
        without_gpu.setenv(name, value)
    assert Processes.join().device.type == "cpu"
    assert capsys.readouterr().out == ""


def test_a_local_job_only_warns_that_pytorch_does_not_find_the_gpu(
    without_gpu: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_gpu.setenv("SM_NUM_GPUS", "1")
    without_gpu.setenv("SM_CURRENT_INSTANCE_TYPE", "local")
    assert Processes.join().device.type == "cpu"
    assert "finds no GPU" in capsys.readouterr().out

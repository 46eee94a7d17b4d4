"""StopTrainingJob: SIGTERM to the first process of a training container stops train.py, which keeps its best model.

The tests run what SageMaker runs: the command of the job's request, with the SDK's shell script and drivers, in the
same tree of processes. Only the folder /opt/ml is another one, and pip installs nothing.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.training.fake_aws import DATA_BUCKET, FakeAws
from tests.training.small_recipe import small_recipe
from training.jobs.local_container import create_folders
from training.jobs.recipe import Recipe
from training.jobs.recipe_file import override_recipe
from training.jobs.sagemaker_job import start_job
from training.jobs.trainer import AccountSettings

CONTAINER_ROOT = "/opt/ml"
# More epochs than any test waits for.
ENDLESS = 100_000
# Seconds, half of the time that SageMaker gives a job after SIGTERM.
KILL_AFTER = 60

Container = subprocess.Popen[str]
StartContainer = Callable[..., Container]


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def command_lines(root: Path) -> dict[int, list[str]]:
    """Returns the command lines of the running processes whose working directory is the job's code."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cwd").resolve() == (root / "input/data/code").resolve():
                found[int(folder.name)] = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
    return found


@pytest.fixture
def start_container(
    tmp_path: Path, prepared_data: Path, settings: AccountSettings, aws: FakeAws
) -> Iterator[StartContainer]:
    """Starts a recipe's job on the account, and the command of its request here, with /opt/ml below tmp_path.

    install: the Python code that replaces the installation of requirements.
    """
    root = tmp_path / "ml"
    started: list[Container] = []

    def start(recipe: Recipe, install: str = "") -> Container:
        name = start_job(recipe, settings, aws.session)
        specification = aws.parameters("CreateTrainingJob")["AlgorithmSpecification"]
        create_folders(recipe, prepared_data, root)
        write_input(name, recipe, aws, root)
        (root / "input/data/sm_drivers/scripts/install_requirements.py").write_text(install)
        command = [*specification["ContainerEntrypoint"], *specification["ContainerArguments"]]
        process = subprocess.Popen(
            [part.replace(CONTAINER_ROOT, str(root)) for part in command],
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "TRAINING_JOB_NAME": name,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for pid in command_lines(root):
        os.kill(pid, signal.SIGKILL)
    for process in started:
        process.kill()
        process.communicate()


def write_input(name: str, recipe: Recipe, aws: FakeAws, root: Path) -> None:
    """Writes the uploaded code and drivers to where SageMaker writes them, with another root than /opt/ml."""
    prefix = f"jobs/mien-{recipe.name}/{name}/input/"
    for key in aws.stored_keys(DATA_BUCKET):
        if key.startswith(prefix) and not key.endswith(("/", ".pyc")):
            path = root / "input/data" / key.removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(aws.read(key).decode().replace(CONTAINER_ROOT, str(root)))
    distributed = root / "input/data/sm_drivers/distributed.json"
    configuration = json.loads(distributed.read_text())
    if configuration:
        # Without a GPU, the SDK would start one process.
        distributed.write_text(json.dumps({**configuration, "process_count_per_node": 2}))


def read_until(process: Container, text: str) -> list[str]:
    """Returns the lines that the container prints, up to one that contains the text."""
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError("".join(lines))


def parallel(recipe: Recipe) -> Recipe:
    return override_recipe(recipe, {}, data_parallel=True)


@pytest.mark.parametrize(
    ("change", "processes"), [(lambda recipe: recipe, 1), (parallel, 2)], ids=["one process", "torchrun"]
)
def test_a_stopped_job_ends_after_the_current_batch_with_its_best_model(
    change: Callable[[Recipe], Recipe], processes: int, start_container: StartContainer, tmp_path: Path
) -> None:
    container = start_container(change(small_recipe(epochs=ENDLESS)))
    read_until(container, "epoch=1;")
    commands = command_lines(tmp_path / "ml")
    scripts = [command for command in commands.values() if "train.py" in command and "torchrun" not in str(command)]
    assert len(scripts) == processes
    container.send_signal(signal.SIGTERM)
    output, _ = container.communicate(timeout=KILL_AFTER)
    assert "stopped by SIGTERM in epoch" in output
    assert not any(is_running(pid) for pid in commands)
    assert container.returncode == 0, output
    assert {path.name for path in (tmp_path / "ml/model").iterdir()} >= {"model.onnx", "model.json"}


def test_a_job_that_is_stopped_before_it_trains_ends_at_once(start_container: StartContainer, tmp_path: Path) -> None:
    root = tmp_path / "ml"
    container = start_container(small_recipe(epochs=ENDLESS), install="import time; time.sleep(600)")
    read_until(container, "Installing requirements")
    container.send_signal(signal.SIGTERM)
    container.communicate(timeout=KILL_AFTER)
    assert container.returncode == 128 + signal.SIGTERM
    assert command_lines(root) == {}

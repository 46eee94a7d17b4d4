"""How the processes of the embedded cloud start, fail and end."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError

from local import processes
from local.cloud import Cloud, CloudError
from local.paths import MODEL, ROOT
from local.processes import endpoint_python, start_cloud
from local.token_file import keep_token, read_token
from tests.support.commands import restore_signals
from tests.support.onnx_files import color_contract, write_color_model

ENDED = {"local.gate": "MiniStack", "local.endpoint": "the model's endpoint"}
Usage = namedtuple("Usage", ["total", "used", "free"])


def children(process: psutil.Process) -> dict[str, psutil.Process]:
    """The processes of a cloud by the module that each one runs."""
    found: dict[str, psutil.Process] = {}
    for child in process.children(recursive=True):
        command = child.cmdline()
        found |= {module: child for module in ENDED if module in command}
    return found


def use_without(module: str, cloud: Cloud) -> None:
    """Kills a process of the cloud, sends a request, and waits for the cloud as each loop does."""
    children(psutil.Process())[module].kill()
    # Without MiniStack, this request fails.
    cloud.client("s3", retries={"total_max_attempts": 1}).list_buckets()
    for _ in range(50):
        cloud.require_running()
        time.sleep(0.1)


def test_a_client_without_the_secret_of_the_run_is_told_what_to_set() -> None:
    with start_cloud() as cloud, start_cloud() as other:
        assert cloud.client("s3").list_buckets()["Buckets"] == []
        assert cloud.token != other.token
        stranger = replace(cloud, token=other.token)
        for service, operation in (("s3", "list_buckets"), ("cloudformation", "list_stacks"), ("sqs", "list_queues")):
            with pytest.raises(ClientError, match="set AWS_SESSION_TOKEN to the value that `make up` prints"):
                getattr(stranger.client(service), operation)()


def test_only_its_user_can_read_the_secret_of_a_cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("local.token_file.BUILD", tmp_path)
    cloud = Cloud("http://127.0.0.1:4566", None, "secret", {})
    # A cloud that was killed has left its file.
    (tmp_path / "cloud-4566.token").write_text("old")
    with keep_token(cloud):
        [path] = tmp_path.iterdir()
        assert path.stat().st_mode & 0o777 == 0o600
        assert read_token(cloud.url) == "secret"
        assert read_token("http://127.0.0.1:4567") is None
    assert read_token(cloud.url) is None


@pytest.mark.parametrize("module", ENDED)
def test_the_end_of_a_process_is_the_error_and_not_the_request_that_failed(module: str) -> None:
    with pytest.raises(CloudError) as error, start_cloud() as cloud:
        use_without(module, cloud)
    assert str(error.value).startswith(f"{ENDED[module]} was ended by SIGKILL")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_nothing_outlives_a_parent_that_is_killed(number: signal.Signals) -> None:
    program = """
import time
from local.processes import endpoint_python, start_cloud
with start_cloud():
    print("ready", flush=True)
    time.sleep(60)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=restore_signals) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "ready\n"
        started = children(psutil.Process(parent.pid))
        assert set(started) == set(ENDED)
        # This program handles no signal, so both kill it without its `finally` blocks.
        parent.send_signal(number)
        _, alive = psutil.wait_procs(list(started.values()), timeout=10)
    assert alive == []


def test_the_processes_get_none_of_the_user_s_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret-of-the-user")
    monkeypatch.setenv("AWS_PROFILE", "profile-of-the-user")
    with start_cloud():
        for child in children(psutil.Process()).values():
            variables = child.environ()
            assert "GITHUB_TOKEN" not in variables
            assert "AWS_PROFILE" not in variables
            assert variables["HOME"] != os.environ.get("HOME")


def test_an_archive_that_is_cut_off_is_one_clear_line(tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.tar.gz", tmp_path / "half.tar.gz"
    with tarfile.open(whole, "w:gz") as archive:
        for name in ("model.onnx", "model.json"):
            archive.add(MODEL / name, name)
    half.write_bytes(whole.read_bytes()[:100_000])
    with pytest.raises(CloudError, match="is damaged or cut off") as error, start_cloud(model=half):
        pass
    assert len(str(error.value).splitlines()) == 1


def test_a_damaged_model_is_one_clear_line(tmp_path: Path) -> None:
    shutil.copy(MODEL / "model.json", tmp_path)
    (tmp_path / "model.onnx").write_bytes((MODEL / "model.onnx").read_bytes()[:5000])
    with pytest.raises(CloudError, match="can't be served: ") as error, start_cloud(model=tmp_path):
        pass
    assert str(tmp_path) in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_model_with_a_label_too_many_is_one_clear_line(tmp_path: Path) -> None:
    document = color_contract(labels=["red", "green", "blue", "yellow"])
    (write_color_model(tmp_path) / "model.json").write_text(json.dumps(document))
    with pytest.raises(CloudError) as error, start_cloud(model=tmp_path):
        pass
    assert str(error.value) == (
        f"the model in {tmp_path} can't be served: the model has 3 outputs, and model.json has 4 labels: one name per "
        "output is needed, in the order of the outputs"
    )


def test_a_torchscript_model_is_served_by_the_python_that_has_pytorch(tmp_path: Path) -> None:
    python = tmp_path / "python"
    (tmp_path / "model.json").write_text(json.dumps({"file": "model.pt"}))
    assert endpoint_python(tmp_path, python) == sys.executable
    python.touch()
    assert endpoint_python(tmp_path, python) == str(python)
    (tmp_path / "model.json").write_text(json.dumps({"file": "model.onnx"}))
    assert endpoint_python(tmp_path, python) == sys.executable


def test_a_full_disk_is_reported_before_and_while_the_cloud_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with start_cloud() as cloud:
        cloud.require_running()
        monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 0))
        with pytest.raises(CloudError, match="is full: 0 MB are free"):
            cloud.require_running()
    with pytest.raises(CloudError, match="is full"), start_cloud():
        pass


def test_a_checkout_that_cannot_be_written_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(processes, "BUILD", tmp_path / "file" / "build")
    with pytest.raises(CloudError, match="can't be written") as error, start_cloud():
        pass
    assert len(str(error.value).splitlines()) == 1

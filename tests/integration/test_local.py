"""The commands of `python -m local`, as a user types them."""

import contextlib
import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from local.paths import ALL_SAMPLES, MODEL, ROOT
from local.processes import free_port, require_free_port
from tests.support.commands import running
from tests.support.onnx_files import color_images, write_color_model
from training.data.group_photo import PEOPLE


def local(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local", *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=environment)


@pytest.fixture
def images(tmp_path: Path, sample: bytes) -> Path:
    """A user's folder: faces in folders of two labels, a file that is not an image, and a hidden file."""
    for name in ("happy/one.png", "happy/two.png", "surprise/three.png", "notes.txt", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(sample if name.endswith(".png") else b"notes")
    return tmp_path


def printed_labels(result: subprocess.CompletedProcess[str]) -> list[tuple[str, str, str]]:
    """The image, the number of the face and the label of each row that was printed."""
    return re.findall(r"│ (\S+) +│ (\d+/\d+|) +│ (\w+(?: \w+)?) ", result.stdout)


def test_the_demo_prints_a_label_for_each_face_and_leaves_nothing_running(images: Path) -> None:
    result = local("demo", str(images), "--output", str(images / ".results"))
    assert result.returncode == 0, result.stderr
    assert printed_labels(result) == [
        ("happy/one.png", "1/1", "happy"),
        ("happy/two.png", "1/1", "happy"),
        ("notes.txt", "", "rejected"),
        ("surprise/three.png", "1/1", "happy"),
    ]
    assert "accuracy 0.6667: 2 of 3 images" in result.stdout
    assert re.search(r"\d+ images per second", result.stdout)
    assert len((images / ".results" / "results.jsonl").read_text().splitlines()) == 4
    assert not orphans()


def test_each_face_of_the_sample_photos_but_the_angry_one_gets_the_label_of_its_sample(tmp_path: Path) -> None:
    result = local("demo", str(ALL_SAMPLES / "photos"), "--output", str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert printed_labels(result)[-1] == ("studio.jpg", "", "no face")
    assert "7 faces in 1 image: " in result.stdout
    with (tmp_path / "results.csv").open() as file:
        *faces, studio = csv.DictReader(file)
    assert [face["face"] for face in faces] == [str(number) for number in range(1, 8)]
    samples = {
        person.face: face["label"]
        for face in faces
        for person in PEOPLE
        if int(face["left"]) < person.x < int(face["right"]) and int(face["top"]) < person.y < int(face["bottom"])
    }
    expected = {person.face: Path(person.face).parent.name for person in PEOPLE}
    # As a crop of the photo, the model takes it for a disgusted one.
    assert samples == expected | {"angry/2.png": "disgust"}
    assert (studio["image"], studio["status"], studio["label"]) == ("studio.jpg", "no_face", "")


def orphans() -> list[str]:
    """Command lines of processes of this project's Python whose parent has ended."""
    listed = subprocess.run(["ps", "-eo", "ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 1) for line in listed.splitlines()[1:]]
    return [arguments for parent, arguments in rows if parent == "1" and arguments.startswith(sys.executable)]


def test_the_demo_fails_if_an_image_has_neither_result_nor_rejection(images: Path) -> None:
    result = local("demo", str(images), "--patience", "0", "--output", str(images / ".results"))
    assert result.returncode == 1
    assert "neither result nor rejection: happy/one.png" in result.stdout


def test_one_image_is_labelled_whatever_aws_and_proxy_settings_the_user_has(sample: bytes, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile")
    (tmp_path / "face.png").write_bytes(sample)
    nowhere = "http://127.0.0.1:9"
    result = local(
        *("demo", str(tmp_path / "face.png"), "--output", str(tmp_path / "results")),
        HTTP_PROXY=nowhere,
        http_proxy=nowhere,
        ALL_PROXY=nowhere,
        AWS_PROFILE="missing",
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_ENDPOINT_URL=nowhere,
        AWS_REGION="eu-central-1",
        AWS_USE_FIPS_ENDPOINT="true",
    )
    assert result.returncode == 0, result.stderr
    assert printed_labels(result) == [("face.png", "1/1", "happy")]


def test_a_name_that_is_not_utf_8_costs_only_its_own_label(sample: bytes, tmp_path: Path) -> None:
    for name in (b"good.png", b"stra\xdfe.png"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(sample)
    result = local("demo", str(tmp_path), "--output", str(tmp_path / ".results"))
    assert result.returncode == 1
    assert printed_labels(result) == [("good.png", "1/1", "happy")]
    assert f"not uploaded: {tmp_path}/stra\\xdfe.png: its name is not UTF-8" in result.stdout
    assert "Traceback" not in result.stderr


def test_ministack_that_ends_while_images_are_classified_ends_the_demo_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local", "demo", "--output", str(tmp_path)]
    with running(command) as process:
        end = time.monotonic() + 60
        while not (functions := descendants(process.pid, "InboxFunction")) and time.monotonic() < end:
            time.sleep(0.05)
        [ministack] = descendants(process.pid, "local.gate")
        assert functions
        ministack.kill()
        stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 1, stdout
    assert "MiniStack was ended by SIGKILL" in stderr
    assert "Traceback" not in stderr


def descendants(pid: int, words: str) -> list[psutil.Process]:
    """The running descendants of a process whose command line contains these words."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if words in " ".join(process.cmdline()):
                found.append(process)
    return found


@pytest.mark.parametrize(("folder", "message"), [("/no/such", "is not a folder"), ("empty", "there are no files in")])
def test_a_folder_that_cannot_be_used_is_one_clear_line(folder: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = local("demo", str(tmp_path / folder))
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_archive_of_a_training_job_is_served_like_a_folder(images: Path) -> None:
    archive = images / ".model.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        for name in ("model.onnx", "model.json"):
            file.add(MODEL / name, name)
    result = local("demo", str(images / "happy"), "--model", str(archive), "--output", str(images / ".results"))
    assert result.returncode == 0, result.stderr
    assert printed_labels(result) == [("one.png", "1/1", "happy"), ("two.png", "1/1", "happy")]


def test_a_model_of_other_classes_and_another_size_labels_images_with_its_own_words(tmp_path: Path) -> None:
    model, photos = write_color_model(tmp_path / "model"), tmp_path / "photos"
    photos.mkdir()
    for label, pixels in color_images(200):
        Image.fromarray(pixels).resize((320, 200)).save(photos / f"{label}.png")
    result = local("demo", str(photos), "--model", str(model / "model.onnx"), "--output", str(tmp_path / "results"))
    assert result.returncode == 0, result.stderr
    labels = [(name, label) for name, _, label in printed_labels(result)]
    assert labels == [("blue.png", "blue"), ("green.png", "green"), ("red.png", "red")]


def test_a_file_that_is_not_an_archive_is_named_in_the_error(images: Path) -> None:
    result = local("demo", str(images), "--model", str(images / "notes.txt"))
    assert result.returncode == 1
    assert "notes.txt is neither a folder with a model nor a model.tar.gz" in result.stderr.replace("\n", "")


def test_a_model_that_cannot_be_served_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes((MODEL / "model.json").read_bytes())
    (tmp_path / "model.onnx").write_text("no network")
    result = local("demo", "--model", str(tmp_path))
    assert result.returncode == 1
    assert f"the model in {tmp_path} can't be served" in result.stderr.replace("\n", "")


def test_a_word_that_names_no_model_is_one_clear_line() -> None:
    result = local("demo", "--model", "no-such-job")
    assert result.returncode == 1
    assert "there is no file or folder no-such-job, and no job build/jobs/no-such-job" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = local("up", "--port", str(port))
    assert result.returncode == 1
    assert result.stderr == f"port {port} is in use; choose another with PORT={port + 1}\n"


@contextlib.contextmanager
def up(port: int, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Runs `make up`. Yields the process and what it printed."""
    with running([sys.executable, "-m", "local", "up", "--port", str(port), *options]) as process:
        assert process.stdout
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "local results" in line:
                break
        yield process, "".join(lines)


@pytest.mark.parametrize("result_format", ["documents", "lines"])
def test_what_up_prints_works_as_it_is_printed_until_ctrl_c(result_format: str) -> None:
    port = free_port()
    with up(port, "--result-format", result_format) as (process, printed):
        commands = [line.strip() for line in printed.splitlines() if line.startswith("  ")]
        [page] = re.findall(r"^http\S+#key=\w+$", printed, re.MULTILINE)
        with urllib.request.urlopen(page, timeout=60) as answer:
            assert answer.headers["Content-Type"].startswith("text/html")
        assert {command.split()[0] for command in commands} >= {"export", "aws", "curl", "base64"}
        exports = commands.pop(0)
        put = next(i for i, command in enumerate(commands) if "local put" in command)
        # The commands for Python only come first, because the others may be missing on this machine.
        outputs = {}
        for command in commands[put:] + commands[:put]:
            tool = Path(command.split()[0]).name
            if not shutil.which(command.split()[0]) and tool in ("aws", "curl"):
                continue
            if "| jq" in command and not shutil.which("jq"):
                continue
            script = f"{exports}; {command}"
            # A person needs longer to type a command than the application needs to write a document. A test does not.
            for _ in range(20):
                result = subprocess.run(["bash", "-ec", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
                if result.returncode == 0:
                    break
                time.sleep(0.5)
            assert result.returncode == 0, (command, result.stderr)
            outputs[command] = result.stdout
        assert any('"label": "happy"' in output for command, output in outputs.items() if "curl" in command)
        assert any(output == "happy\n" for command, output in outputs.items() if "base64" in command)
        assert any("s3://" in output for command, output in outputs.items() if "local put" in command)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    require_free_port(port)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_a_closed_terminal_and_a_kill_leave_nothing_running(number: signal.Signals) -> None:
    with up(free_port()) as (process, printed):
        [page] = re.findall(r"^(http\S+)#key=\w+$", printed, re.MULTILINE)
        with urllib.request.urlopen(page, timeout=60):
            # Now the process of a function runs too.
            started = psutil.Process(process.pid).children(recursive=True)
        assert descendants(process.pid, "PageFunction")
        process.send_signal(number)
        process.wait(20)
        _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []


def test_a_blank_folder_is_one_clear_line_and_not_the_whole_checkout() -> None:
    result = local("demo", "")
    assert result.returncode == 1
    assert "the folder of images is blank" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_results_without_a_cloud_says_how_to_start_one() -> None:
    port = free_port()
    result = local("results", "--port", str(port))
    assert result.returncode == 1
    assert f"make up PORT={port}" in result.stderr


def test_the_version_is_shown() -> None:
    assert local("--version").stdout == "mien 0.2.0\n"

"""docs/own-classes.md, run from its beginning to its end as it is written, in a copy of the repository.

The examples of docs/models.md follow it.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What is not copied: it was installed, built or cached. The environments are linked.
NOT_COPIED = shutil.ignore_patterns(".git", ".venv*", "node_modules", "build", "__pycache__", ".*_cache", ".hypothesis")
ENVIRONMENTS = (".venv", ".venv-training")
SHAPES = ["circle", "square", "triangle"]
IMAGES = 300
# torchvision's package fits only the PyTorch that it was built with, and other builds of the same version miss its
# compiled operators. Its ResNet needs none of them, but the import does.
OPERATORS = """
import torch
operators = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    operators.define(f"{name}(Tensor boxes, Tensor scores, float threshold) -> Tensor")
"""
# The weights that the examples of docs/models.md load, and what that page does with the files.
WEIGHTS = """
import torch
import torchvision
from pathlib import Path
Path("build/animals").mkdir(parents=True)
torch.save(torchvision.models.resnet18(num_classes=3).state_dict(), "weights.pt")
"""
DESCRIBE = (
    "bash",
    "for model in model.onnx model.pt; do .venv-training/bin/python -m training describe build/animals/$model "
    "--labels cat,dog,bird --normalisation imagenet --size 224 --force; done",
)


@dataclass(frozen=True)
class Ran:
    """One block of the page: what it printed, and the documents in build/results.csv after it, one row per face."""

    text: str
    printed: str
    rows: Sequence[dict[str, str]]

    def share_right(self) -> float:
        """How many images have the name of their folder as their label, from 0 to 1."""
        return sum(row["label"] == row["image"].split("/")[0] for row in self.rows) / len(self.rows)


def examples_of(page: str) -> list[tuple[str, str]]:
    """The language and the text of each block that a page means to be run."""
    return EXAMPLE.findall((ROOT / page).read_text())


def script_of(language: str, text: str) -> str:
    if language == "bash":
        return text
    needs_operators = "import torchvision" in text and not imports_torchvision()
    return f".venv-training/bin/python - <<'END'\n{OPERATORS if needs_operators else ''}{text}END\n"


def imports_torchvision() -> bool:
    tried = subprocess.run([sys.executable, "-c", "import torchvision"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> list[Ran]:
    """Runs all examples of the page in one shell."""
    folder = tmp_path_factory.mktemp("walk")
    copy = folder / "mien"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    for name in ENVIRONMENTS:
        # `make demo` installs the other environment if it is missing.
        (copy / name).symlink_to(ROOT / name)
    examples = [*examples_of("docs/own-classes.md"), ("python", WEIGHTS), *examples_of("docs/models.md"), DESCRIBE]
    parts = [
        f"{script_of(*example)}\n"
        f"[ ! -f build/results.csv ] || cp build/results.csv {folder}/{place}.csv\necho '--- {place}'\n"
        for place, example in enumerate(examples)
    ]
    user = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**user, "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true", "COLUMNS": "80"}
    ran = subprocess.run(
        ["bash", "-eu", "-c", "".join(parts)],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:]
    printed = re.split(r"^--- \d+\n", ran.stdout, flags=re.MULTILINE)
    return [Ran(text, printed[place], read_rows(folder / f"{place}.csv")) for place, (_, text) in enumerate(examples)]


def read_rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def find(walk: Sequence[Ran], word: str, place: int = 0) -> Ran:
    """The block with this word, counted from 0 among those that have it."""
    return [ran for ran in walk if word in ran.text][place]


def test_the_images_are_prepared_without_an_option(walk: list[Ran]) -> None:
    printed = find(walk, "prepare build/pictures").printed
    assert f"{IMAGES} images of 3 classes" in printed
    assert "written to build/shapes" in printed


def test_the_recipe_for_small_data_learns_the_shapes_and_says_what_it_has_written(walk: list[Ran]) -> None:
    printed = find(walk, "launch small").printed
    [accuracy] = re.findall(r"best validation accuracy ([\d.]+)", printed)
    assert float(accuracy) >= 0.95
    assert "history.png" in printed
    assert re.search(r"validation accuracy +[\d.]+", find(walk, "compare").printed)


def test_the_evaluation_says_how_good_the_model_is(walk: list[Ran]) -> None:
    printed = find(walk, "--report").printed
    assert re.search(r"accuracy [\d.]+ \(95%: [\d.]+ to [\d.]+\) on 60 images", printed)
    assert all(shape in printed for shape in SHAPES)


def test_the_application_labels_the_images_with_the_names_of_their_folders(walk: list[Ran]) -> None:
    demo = find(walk, "make demo MODEL=$JOB")
    assert len(demo.rows) == IMAGES
    assert demo.share_right() >= 0.95
    assert {row["score"] for row in demo.rows} == {""}


def test_a_color_model_of_another_size_goes_the_same_way(walk: list[Ran]) -> None:
    colored = find(walk, "--color rgb")
    assert len(colored.rows) == IMAGES
    assert colored.share_right() >= 0.95
    assert "as rgb-64, with 3 labels: circle, square, triangle" in colored.printed


def test_a_model_of_torchvision_is_described_measured_and_used(walk: list[Ran]) -> None:
    resnet = find(walk, "describe build/resnet")
    assert len(resnet.rows) == IMAGES
    assert {row["label"] for row in resnet.rows} <= set(SHAPES)
    assert all(1 / len(SHAPES) <= float(row["confidence"]) <= 1 for row in resnet.rows)
    assert "as rgb-224, with 3 labels: circle, square, triangle" in resnet.printed


@pytest.mark.parametrize("word", ["deploy $JOB", "deploy $COLORED", "deploy build/resnet"])
def test_the_deployment_prints_its_requests_without_an_account(word: str, walk: list[Ran]) -> None:
    printed = find(walk, word).printed
    assert "No AWS credentials were found" in printed
    assert [name for name in ("create_model", "create_endpoint_config", "create_endpoint") if name in printed]


def test_the_files_of_the_page_about_models_are_described(walk: list[Ran]) -> None:
    printed = find(walk, "build/animals/$model").printed
    assert printed.count("model.json") >= 2
    assert "cat, dog, bird" in printed

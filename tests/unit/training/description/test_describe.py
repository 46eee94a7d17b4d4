"""`describe`: a first model.json for a model from elsewhere, and the options that it asks for."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from local.paths import MODEL
from tests.support.onnx_files import COLORS, color_contract, color_model, write_color_model
from training.description.commands import describe

LABELS = ("--labels", ",".join(COLORS))


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_THREADS", "1")
    # Rich wraps lines at the terminal's width.
    monkeypatch.setenv("COLUMNS", "300")


def run(*arguments: str | Path) -> str:
    """Runs `describe`, and returns what it prints. Raises its error."""
    app = typer.Typer()
    app.command()(describe)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def error_of(*arguments: str | Path) -> str:
    """Runs `describe`, which has to fail, and returns its error."""
    try:
        printed = run(*arguments)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"the command succeeded: {printed}")


def write(folder: Path, content: bytes, name: str = "colors.onnx") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def written(folder: Path) -> Any:
    return json.loads((folder / "model.json").read_text())


@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "NHW"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float16"])
def test_an_onnx_file_states_its_shape_and_its_type(layout: str, dtype: str, tmp_path: Path) -> None:
    run(write(tmp_path, color_model(32, layout, dtype)), *LABELS)
    assert written(tmp_path) == color_contract(32, layout, dtype, file="colors.onnx")


def test_what_is_assumed_is_printed_with_the_option_that_changes_it(tmp_path: Path) -> None:
    printed = run(write(tmp_path, color_model()), *LABELS)
    assert "colors.onnx reads float32 [n, 3, 64, 64], and answers with 3 values per image." in printed
    assert "--faces whole: " in printed
    assert "--values logits: its outputs do not add up to 1" in printed
    assert "--normalisation none: the model reads pixels from 0 to 1" in printed
    assert "labels   3: red, green, blue" in printed


def test_nothing_is_assumed_if_options_say_everything(tmp_path: Path) -> None:
    path = write(tmp_path, color_model(softmax=True), "model.onnx")
    options = ("--faces", "find", "--values", "probabilities", "--normalisation", "imagenet")
    assert "Assumed" not in run(path, *LABELS, *options)
    document = written(tmp_path)
    assert "file" not in document
    assert (document["faces"], document["output"]["values"]) == ("find", "probabilities")
    assert document["input"]["normalisation"]["mean"] == [0.485, 0.456, 0.406]


def test_outputs_that_add_up_to_1_are_probabilities(tmp_path: Path) -> None:
    run(write(tmp_path, color_model(softmax=True)), *LABELS)
    assert written(tmp_path)["output"]["values"] == "probabilities"


def test_labels_can_be_a_file_with_one_name_per_line(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("red\ngrün\nblue\n")
    run(write(tmp_path, color_model()), "--labels", names)
    assert written(tmp_path)["labels"] == ["red", "grün", "blue"]


def test_mean_and_deviation_can_be_given(tmp_path: Path) -> None:
    run(write(tmp_path, color_model(layout="NHW")), *LABELS, "--mean", "0.5", "--deviation", "0.25")
    assert written(tmp_path)["input"]["normalisation"] == {"mean": [0.5], "deviation": [0.25]}


def test_a_size_that_the_file_leaves_open_is_an_option(tmp_path: Path) -> None:
    path = write(tmp_path, color_model(32, states_size=False))
    assert "give the side of the images it was trained with, such as --size 224" in error_of(path, *LABELS)
    run(path, *LABELS, "--size", "32")
    assert written(tmp_path)["input"]["size"] == 32


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "name its 3 outputs in their order, with --labels A,B,C or with --labels FILE"),
        (("--labels", "a,b"), "the model has 3 outputs, and model.json has 2 labels"),
        (("--labels", "a,b,b"), 'the labels "b" and "b" are the same name'),
        (("--labels", "no-such-file"), "--labels no-such-file is neither a list with commas nor a file"),
        ((*LABELS, "--size", "48"), "--size 48 does not fit"),
        ((*LABELS, "--color", "gray"), "--color gray does not fit"),
        ((*LABELS, "--layout", "NHWC"), "--layout NHWC does not fit"),
        ((*LABELS, "--dtype", "uint8"), "--dtype uint8 does not fit"),
        ((*LABELS, "--output", "logits"), "has no output logits: choose with --output one of scores"),
        ((*LABELS, "--values", "probabilities"), '"output.values" has to be "logits"'),
        ((*LABELS, "--mean", "0.5,0.5,0.5"), "--mean and --deviation belong together"),
        ((*LABELS, "--mean", "0.5", "--deviation", "x"), "--deviation x is not a list of numbers"),
        ((*LABELS, "--mean", "0.5", "--deviation", "0.5"), "not a list with one number per channel, which is 3"),
    ],
)
def test_options_that_do_not_fit_the_model_are_refused_and_nothing_is_written(
    options: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    error = error_of(write(tmp_path, color_model()), *options)
    assert sentence in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "model.json").exists()


def test_a_model_json_is_replaced_only_with_force(tmp_path: Path) -> None:
    path = write(tmp_path, color_model())
    (tmp_path / "model.json").write_text("mine")
    assert "model.json is there already: --force replaces it" in error_of(path, *LABELS)
    assert (tmp_path / "model.json").read_text() == "mine"
    run(path, *LABELS, "--force")
    assert written(tmp_path)["labels"] == COLORS


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    assert "broken.onnx can't be loaded by ONNX Runtime" in error_of(write(tmp_path, b"x", "broken.onnx"), *LABELS)
    assert "there is no file" in error_of(tmp_path / "none.onnx", *LABELS)


def test_a_folder_is_shown_as_a_table() -> None:
    printed = run(MODEL)
    assert "labels   7: angry, disgust, fear, happy, sad, surprise, neutral" in printed
    assert "input    faces uint8 [n, 48, 48], gray, NHW" in printed


def test_a_folder_whose_model_is_not_as_described_is_refused(tmp_path: Path) -> None:
    (write_color_model(tmp_path) / "model.json").write_text(json.dumps(color_contract(labels=["a", "b"])))
    assert "the model has 3 outputs, and model.json has 2 labels" in error_of(tmp_path)

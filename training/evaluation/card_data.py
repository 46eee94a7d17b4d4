"""The parts of a model's card about its data and its training, with commands that repeat the run."""

from typing import Any

from training.evaluation.markdown import command_line, command_text, paragraph, plain
from training.evaluation.provenance import data_of, field, is_fer2013, training_of

FER2013 = (
    'FER2013 (Goodfellow et al., "Challenges in Representation Learning", 2013) has pictures that a web search for '
    "words of emotion found. Its labels are noisy: people who label the faces again agree with about 65% of them. The "
    "data set has many duplicates."
)
VOTES = (
    "During the training, a second output, which is not exported, learned how ten people voted on each face (FER+: "
    'Barsoum et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution", '
    "2016)."
)
FOLDER = "The data is the folder {}, with a folder of images per class."
# Seconds; a longer time is given in minutes.
SHORT = 120
TOGETHER = "All copies of one image were kept on one side of the split into training and validation."


def data_section(figures: dict[str, Any], contract: dict[str, Any], things: str) -> str:
    """What is known of the data that the model was trained on."""
    data = data_of(contract)
    if not data:
        said = "does not say which data the model was trained on"
        if "data" in contract:
            said = "describes the data in its own words, which were not checked"
        return "## Data\n\n" + paragraph(f"`model.json` {said}.")
    counts = {channel: sum(classes.values()) for channel, classes in data["counts"].items()}
    sentences = [
        FER2013 if is_fer2013(contract) else FOLDER.format(plain(data["source"]["name"])),
        "" if data.get("options", {}).get("keep_duplicates", True) else TOGETHER,
        f"{counts.get('train', 0):,} {things} were for training, and {counts.get('validation', 0):,} were held out.",
        VOTES if uses_votes(contract) and is_fer2013(contract) else "",
    ]
    return "\n\n".join(["## Data", paragraph(*sentences), counts_table(data)])


def counts_table(data: dict[str, Any]) -> str:
    """How many images of each label the training had, and how many were held out."""
    counts: dict[str, dict[str, int]] = data["counts"]
    rows = []
    for label in data["labels"]:
        cells = [f"{classes.get(label, 0):,}" for classes in counts.values()]
        rows.append(f"| {plain(label)} | {' | '.join(cells)} |")
    return "\n".join([f"| label | {' | '.join(counts)} |", f"| --- |{' ---: |' * len(counts)}", *rows])


def how_section(figures: dict[str, Any], contract: dict[str, Any], things: str) -> str:
    """How the model was trained and measured."""
    training, weights = training_of(contract), first_weights(contract)
    parts = ["## How it was made" if training else "## How it was measured"]
    if training:
        parts.append(
            paragraph(
                f"The training used {training['faces']:,} {things} and took {duration(training['seconds'])} on",
                f"{training['machine']}, with PyTorch {training['torch']}.",
                f"It started from the weights in {plain(weights['file'])}." if weights else "",
            )
        )
    return "\n\n".join([*parts, commands(figures, contract)])


def commands(figures: dict[str, Any], contract: dict[str, Any]) -> str:
    """The commands that prepare the data, train the model and measure it, as far as they are known."""
    lines = []
    training, data, weights = training_of(contract), data_of(contract), first_weights(contract)
    if data:
        lines.append(command_text(data["command"]))
        if training:
            output = "build/fer2013" if is_fer2013(contract) else f"build/{data['source']['name']}"
            values = {**training["hyperparameters"], **({"start_from": weights["file"]} if weights else {})}
            settings = [
                word
                for name, value in sorted(values.items())
                for word in ("--set", f"{name.replace('_', '-')}={value}")
            ]
            if teachers := teacher_names(contract):
                copies, seed = (str(field(training, "soft_labels", name)) for name in ("copies", "seed"))
                words = ["soft-labels", output, *teachers, "--copies", copies, "--seed", seed]
                lines.append(command_line(["python", "-m", "training", *words]))
            launch = ["python", "-m", "training", "launch", "resnet", "--local", "--data", output, *settings]
            lines.append(command_line(launch))
    quantized = field(contract, "quantization", "command")
    if isinstance(quantized, str):
        lines.append(command_text(quantized))
    lines.append(command_text(figures["command"]))
    return "\n".join(lines)


def first_weights(contract: dict[str, Any]) -> dict[str, str] | None:
    """The file of weights that the training started from, if there was one."""
    weights = field(contract, "training", "start_from")
    return weights if isinstance(field(weights, "file"), str) else None


def teacher_names(contract: dict[str, Any]) -> list[str]:
    """The models from whose answers the training learned."""
    teachers = field(contract, "training", "soft_labels", "teachers")
    return [str(field(teacher, "name")) for teacher in teachers] if isinstance(teachers, list) else []


def duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < SHORT else f"{seconds / 60:.0f} minutes"


def uses_votes(contract: dict[str, Any]) -> bool:
    return bool(field(contract, "training", "hyperparameters", "votes"))

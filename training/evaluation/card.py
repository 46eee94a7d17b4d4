"""Writes a model's card as Markdown: what the model is, how good it is, what it is for, and how it was made."""

import textwrap
from typing import Any

LINE_LENGTH = 120
# Options of train.py per line of the command, so that lines stay short and can be copied.
OPTIONS_PER_LINE = 4

VOTES = (
    "During the training, a second output, which is not exported, learned how ten people voted on each face (FER+: "
    'Barsoum et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution", '
    "2016)."
)

LAW = (
    "If labels serve to infer emotions, the EU AI Act (Regulation (EU) 2024/1689) prohibits this at work and in "
    "education, except for medical or safety reasons (Article 5(1)(f)), lists it as high-risk elsewhere (Annex III, "
    "point 1(c)), and requires you to inform the people concerned (Article 50(3)). Pictures of people who can be "
    "identified are personal data under the GDPR (Regulation (EU) 2016/679): people can ask you to erase theirs "
    "(Article 17), and biometric data that serve to identify a person may be used only in the cases of Article 9; "
    "the model identifies nobody. This is not legal advice."
)


def card(figures: dict[str, Any], contract: dict[str, Any]) -> str:
    """The text of a model's README.md.

    figures: the JSON that `evaluate` writes, with its duplicates.
    contract: the model's model.json.
    """
    description = paragraph(
        f"A ResNet for grayscale faces of 48x48 pixels, with {len(contract['labels'])} labels. `model.onnx` reads",
        f"`faces`, uint8 `[n, 48, 48]`, and returns `probabilities`, float32 `[n, {len(contract['labels'])}]`.",
        "Normalisation is inside the file. `model.json` has the labels in the order of the outputs, and describes the",
        "training.",
    )
    rows = "\n".join(
        f"| {name} | {row['faces']:,} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} |"
        for name, row in figures["classes"].items()
    )
    calibration = paragraph(
        "The model's confidence is calibrated on the held-out faces. It differs from the accuracy by",
        f"{figures['expected_calibration_error']:.3f} on average (expected calibration error, 15 bins).",
    )
    best, _ = max(figures["classes"].items(), key=lambda item: item[1]["recall"])
    worst, worst_row = min(figures["classes"].items(), key=lambda item: item[1]["recall"])
    extremes = paragraph(
        f"The model recognizes {best} best and {worst} worst: it finds {worst_row['recall']:.0%} of the faces with the",
        f"label {worst}.",
    )
    return f"""# Model {contract["version"]}

{description}

{accuracy_paragraph(figures, contract["training"])}

{paragraph(*duplicate_sentences(figures["duplicates"]))}

| label | faces | precision | recall | F1 |
| --- | ---: | ---: | ---: | ---: |
{rows}

{calibration}

![Confusion matrix](confusion.png)

![Reliability diagram](reliability.png)

{extremes}

## Intended use

The model sorts many images of single, roughly frontal, cropped faces by how their expression looks to most people. It
does not detect faces: it labels any image, even one of a wall.

## Uses that are not intended

A label describes how a face looks. It does not say what a person feels, means or is about to do. The model must not be
used to judge people: not in hiring, policing, schooling, insurance, medicine or at a border, and not wherever a wrong
label harms somebody. The data do not represent people of different ages, skin colors and cultures evenly, and the
errors per group have not been measured.

{paragraph(LAW)}

## Data

{data_paragraph(figures["duplicates"]["within"], contract["training"])}

## How it was made

{training_paragraph(contract["training"])}

{commands(contract["training"])}
"""


def accuracy_paragraph(figures: dict[str, Any], training: dict[str, Any]) -> str:
    low, high = figures["accuracy_95"]
    chosen = ", and its epoch was chosen by this figure" if "epoch" in training else ""
    return paragraph(
        f"**Accuracy {figures['accuracy']:.4f}** (95% interval {low:.3f} to {high:.3f}) on the {figures['faces']:,}",
        f"faces of FER2013's public test, balanced accuracy {figures['balanced_accuracy']:.4f}, top-2 accuracy",
        f"{figures['top_2_accuracy']:.4f}, log loss {figures['log_loss']:.3f} nats. On the",
        f"{training['validation_faces']:,} held-out faces of the training set its accuracy is",
        f"{training['validation_accuracy']:.4f}{chosen}.",
    )


def duplicate_sentences(duplicates: dict[str, Any]) -> list[str]:
    """Sentences about test faces that the model was trained on. They state only what was checked."""
    sentences = []
    trained_on, training_rows = duplicates["trained_on"], duplicates["training"]
    if trained_on is None:
        sentences.append("The option `--exclude`, below, excludes the faces of the test from the training.")
    else:
        sentences.append(
            f"The model was trained on {trained_on['faces']:,} faces; `model.json` has their SHA-256. "
            f"{capitalized_count(trained_on['found'])} of the test faces are among them with the same pixels. "
            f"{capitalized_count(trained_on['near'])} of the others have a near-copy among them: a different crop or "
            "scale of the same photograph."
        )
        if trained_on["found"] or trained_on["near"]:
            sentences.append(f"Without these test faces the accuracy is {interval(trained_on['without'])}.")
    if training_rows and training_rows["alone"]:
        excluded = " They were excluded from the training." if trained_on and not trained_on["found"] else ""
        sentences.append(
            f"{training_rows['found']:,} test faces are also in the training CSV, {training_rows['contradictory']:,} "
            f"of them with another label.{excluded} Without them the accuracy is {interval(training_rows['without'])}, "
            f"on them alone it is {interval(training_rows['alone'])}."
        )
    return sentences


def data_paragraph(within: dict[str, Any], training: dict[str, Any]) -> str:
    return paragraph(
        'FER2013 (Goodfellow et al., "Challenges in Representation Learning", 2013) has pictures that a web search for',
        "words of emotion found. Its labels are noisy: people who label the faces again agree with about 65% of them.",
        "The data set has many duplicates. All copies of one face were kept on one side of the split into training and",
        f"validation. In the test, {within['faces']:,} faces have a duplicate in the test itself, and",
        f"{within['contradictory']:,} of them have one with another label.",
        *([VOTES] if uses_votes(training) else []),
    )


def training_paragraph(training: dict[str, Any]) -> str:
    return paragraph(
        f"The training used {training['faces']:,} faces and took {training['seconds'] / 60:.0f} minutes on",
        f"{training['machine']}, with PyTorch {training['torch']}.",
    )


def commands(training: dict[str, Any]) -> str:
    """The commands that prepare the data, train the model and measure it, as an indented block."""
    options = [f"--{name.replace('_', '-')} {value}" for name, value in sorted(training["hyperparameters"].items())]
    lines = [" ".join(options[i : i + OPTIONS_PER_LINE]) for i in range(0, len(options), OPTIONS_PER_LINE)]
    hyperparameters = " \\\n      ".join(lines)
    votes = "--votes train_ferplus.csv.gz " if uses_votes(training) else ""
    return f"""    python -m training prepare train.csv.gz --exclude public_test.csv.gz --validation 0.1 \\
      {votes}--no-folders --no-records
    python training/container/train.py --train build/fer2013/train --validation build/fer2013/validation \\
      --model-dir build/model \\
      {hyperparameters}
    python -m training evaluate public_test.csv.gz --model build/model --train train.csv.gz \\
      --trained-on build/fer2013/train --report build/model"""


def uses_votes(training: dict[str, Any]) -> bool:
    return bool(training["hyperparameters"].get("votes"))


def capitalized_count(count: int) -> str:
    return f"{count:,}" if count else "None"


def interval(part: dict[str, Any] | None) -> str:
    """An accuracy with its 95% interval in parentheses. None means that there were no faces to measure it on."""
    if not part:
        return "not defined, because no faces are left"
    return f"{part['accuracy']:.4f} ({part['accuracy_95'][0]:.3f} to {part['accuracy_95'][1]:.3f})"


def paragraph(*parts: str) -> str:
    return textwrap.fill(" ".join(parts), LINE_LENGTH, break_long_words=False, break_on_hyphens=False)

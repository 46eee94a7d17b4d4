"""A model's card: what it is, how good, what for, and how it was made, as Markdown."""

import textwrap
from typing import Any

CROWD = (
    "In training, a second output, which is not exported, learned what ten people each said of the same faces (Barsoum "
    'et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution", 2016).'
)


def card(figures: dict[str, Any], contract: dict[str, Any]) -> str:
    """figures: what `evaluate` measured, with its duplicates; contract: the model's own model.json."""
    low, high = figures["accuracy_95"]
    training, duplicates = contract["training"], figures["duplicates"]
    options = [f"--{name.replace('_', '-')} {value}" for name, value in sorted(training["hyperparameters"].items())]
    votes = "--votes train_ferplus.csv.gz " if training["hyperparameters"].get("votes") else ""
    # A line holds four options, so that the command can be read, and copied as it stands.
    lines = " \\\n      ".join(" ".join(options[i : i + 4]) for i in range(0, len(options), 4))
    rows = "\n".join(
        f"| {name} | {row['faces']:,} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} |"
        for name, row in figures["classes"].items()
    )
    best = max(figures["classes"].items(), key=lambda pair: pair[1]["recall"])
    worst = min(figures["classes"].items(), key=lambda pair: pair[1]["recall"])
    accurate = paragraph(
        f"**Accuracy {figures['accuracy']:.4f}** (95% interval {low:.3f} to {high:.3f}) on the {figures['faces']:,}",
        f"faces of FER2013's public test, balanced accuracy {figures['balanced_accuracy']:.4f}, top-2 accuracy",
        f"{figures['top_2_accuracy']:.4f}, log loss {figures['log_loss']:.3f} nats. On the",
        f"{training['validation_faces']:,} held-out faces of the training set it reached",
        f"{training['validation_accuracy']:.4f}" + (", by which its epoch was chosen." if "epoch" in training else "."),
    )
    calibrated = paragraph(
        "Its confidence, calibrated on the held-out faces, differs from the share of right labels by",
        f"{figures['expected_calibration_error']:.3f} on average (expected calibration error, 15 bins).",
    )
    made = paragraph(
        f"{training['faces']:,} faces, {training['seconds'] / 60:.0f} minutes on {training['machine']},",
        f"PyTorch {training['torch']}.",
    )
    data = paragraph(
        'FER2013 (Goodfellow et al., "Challenges in Representation Learning", 2013): pictures found by web search for',
        "words of emotion. Its labels are noisy; people who label it anew agree with them on about 65% of the faces.",
        "It holds many duplicates; prints of one face were kept on one side of the split. Of the test's faces",
        f"{duplicates['within']['faces']:,} have a print within the test, {duplicates['within']['contradictory']:,} of",
        "them under another label.",
        *([CROWD] if votes else []),
    )
    return f"""# Model {contract["version"]}

A ResNet for grayscale faces of 48x48 pixels, with {len(contract["labels"])} labels. `model.onnx` takes `faces`, uint8
`[n, 48, 48]`, and gives `probabilities`, float32 `[n, {len(contract["labels"])}]`; normalisation is inside.
`model.json` holds the labels, in the order of the outputs, and what the model was trained with.

{accurate}

{paragraph(*unseen(duplicates))}

| label | faces | precision | recall | F1 |
| --- | ---: | ---: | ---: | ---: |
{rows}

{calibrated}

![Confusion matrix](confusion.png)

![Reliability](reliability.png)

It finds {best[0]} best and {worst[0]} worst: of the faces labelled {worst[0]} it names {worst[1]["recall"]:.0%} so.

## What it is for

To sort many images of single, roughly frontal, cropped faces by how their expression looks to most people. There is no
face detector in it: it labels whatever it is shown, a wall too.

## What it is not for

A label describes a face's appearance, and not what a person feels, means or is about to do. It must not be used to
judge people: in hiring, policing, schooling, insurance, medicine or at a border, or wherever a wrong label harms
somebody. People of different ages, skins and cultures are not evenly represented in its data, and its errors by group
have not been measured.

## Data

{data}

## How it was made

{made}

    python -m training prepare train.csv.gz --exclude public_test.csv.gz --validation 0.1 \\
      {votes}--no-folders --no-records
    python training/container/train.py --train build/fer2013/train --validation build/fer2013/validation \\
      --model-dir build/model \\
      {lines}
    python -m training evaluate public_test.csv.gz --model build/model --train train.csv.gz \\
      --trained-on build/fer2013/train --report build/model
"""


def unseen(duplicates: dict[str, Any]) -> list[str]:
    """Sentences: whether the model saw the faces that it was measured on, and what that rests on."""
    sentences, trained, rows = [], duplicates["trained_on"], duplicates["training"]
    if trained is None:
        sentences.append("Faces that occur in the test too are left out of the training by `--exclude`, below.")
    else:
        sentences.append(
            f"The {trained['faces']:,} faces that it was trained on, which `model.json` names by their SHA-256, hold "
            f"{trained['found'] or 'none'} of these to the pixel, and near-copies of {trained['near']:,}: other prints "
            "of one photograph."
        )
        if trained["found"] or trained["near"]:
            sentences.append(f"Without these the accuracy is {interval(trained['without'])}.")
    if rows and rows["alone"]:
        taken = ": those were taken out of the training" if trained and not trained["found"] else ""
        sentences.append(
            f"{rows['found']:,} of the test's faces occur in the training csv, {rows['contradictory']:,} of them under "
            f"another label{taken}. Without them the accuracy is {interval(rows['without'])}, on them alone "
            f"{interval(rows['alone'])}."
        )
    return sentences


def interval(part: dict[str, Any] | None) -> str:
    if not part:
        return "that of no faces"
    return f"{part['accuracy']:.4f} ({part['accuracy_95'][0]:.3f} to {part['accuracy_95'][1]:.3f})"


def paragraph(*parts: str) -> str:
    return textwrap.fill(" ".join(parts), 120, break_long_words=False, break_on_hyphens=False)

"""Writes a model's card as Markdown: what the model is, how good it is, what it is for, and how it was made.

The card states only what the model's own files say and what `evaluate` has measured.
"""

from typing import Any

from training.evaluation.card_data import data_section, how_section
from training.evaluation.card_robustness import robustness_section
from training.evaluation.card_use import use_section
from training.evaluation.markdown import count_of, interval, paragraph, plain
from training.evaluation.provenance import field, training_of

# With fewer classes, the best and the worst one say no more than the table.
CLASSES_WITH_EXTREMES = 3
LAYOUTS = {"NHW": "[n, {0}, {0}]", "NHWC": "[n, {0}, {0}, {1}]", "NCHW": "[n, {1}, {0}, {0}]"}
CHANNELS = {"gray": 1, "rgb": 3}


def card(figures: dict[str, Any], contract: dict[str, Any]) -> str:
    """The text of a model's README.md.

    figures: the JSON that `evaluate` writes.
    contract: the model's model.json.
    """
    things = things_of(contract)
    rows = [
        f"| {plain(name)} | {row['images']:,} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} |"
        for name, row in figures["classes"].items()
    ]
    sections = [
        f"# Model {plain(contract.get('version') or figures['model'])}",
        description(contract, things),
        accuracy_paragraph(figures, contract, things),
        duplicates_paragraph(figures["duplicates"], things),
        "\n".join([f"| label | {things} | precision | recall | F1 |", "| --- | ---: | ---: | ---: | ---: |", *rows]),
        calibration_paragraph(figures, contract, things),
        "![Confusion matrix](confusion.png)",
        "![Reliability diagram](reliability.png)",
        extremes_paragraph(figures["classes"], things),
        robustness_section(figures.get("robustness"), things),
        use_section(contract, things),
        data_section(figures, contract, things),
        how_section(figures, contract, things),
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def things_of(contract: dict[str, Any]) -> str:
    """What the model's images are called."""
    return "faces" if contract["faces"] == "find" else "images"


def description(contract: dict[str, Any], things: str) -> str:
    """What the model reads and answers."""
    model, output, count = contract["input"], contract["output"], len(contract["labels"])
    file, size, color = contract.get("file", "model.onnx"), model["size"], model["color"]
    kind = "A ResNet" if training_of(contract) else "A model"
    shape = LAYOUTS[model["layout"]].format(size, CHANNELS[color])
    reads = f"`{model['name']}`, {model['dtype']}" if model.get("name") else model["dtype"]
    named = f"`{output['name']}`" if output.get("name") else ""
    values = "" if output.get("name") == output["values"] else output["values"]
    shape_returned = f"{'float32 ' if training_of(contract) else ''}`[n, {count}]`"
    returns = ", ".join(filter(None, (named, values, shape_returned)))
    return paragraph(
        f"{kind} for {'grayscale' if color == 'gray' else 'color'} {things} of {size}x{size} pixels, with {count:,}",
        f"labels. `{file}` reads {reads} `{shape}`, and returns {returns}.",
        "Normalisation is inside the file." if training_of(contract) else "",
        quantized_sentence(contract),
        "The server normalises the pixels before." if model["dtype"] != "uint8" else "",
        "The server turns them into probabilities with softmax." if output["values"] == "logits" else "",
        "`model.json` has the labels in the order of the outputs"
        + (", and describes the training." if training_of(contract) else "."),
    )


def quantized_sentence(contract: dict[str, Any]) -> str:
    """How the model was quantized; empty if `quantize` did not make it."""
    source, images = (field(contract, "quantization", name) for name in ("from", "images"))
    if not isinstance(source, str) or not isinstance(images, int):
        return ""
    return f"It computes with 8-bit integers: `quantize` made it of {plain(source)}, with {images:,} of its images."


def accuracy_paragraph(figures: dict[str, Any], contract: dict[str, Any], things: str) -> str:
    training = training_of(contract)
    low, high = figures["accuracy_95"]
    source = figures["source"]
    top_2 = f"top-2 accuracy {figures['top_2_accuracy']:.4f}, " if len(figures["classes"]) > 2 else ""
    sentences = [
        f"**Accuracy {figures['accuracy']:.4f}** (95% interval {low:.3f} to {high:.3f}) on the {figures['images']:,}",
        f"{things} of {plain(source['name'])}, balanced accuracy {figures['balanced_accuracy']:.4f}, {top_2}log loss",
        f"{figures['log_loss']:.3f} nats.",
    ]
    if figures["unread"]:
        files = "1 more file was" if figures["unread"] == 1 else f"{figures['unread']:,} more files were"
        sentences.append(f"{files} not measured, because no image or no face was found.")
    if source["relation"] == "trained":
        sentences.append(f"The model was trained on these {things}: the figures do not show how it does on new ones.")
    elif source["relation"] == "held_out":
        sentences.append(
            f"The model was not trained on these {things}, but the epoch with the best figures on them was chosen: on "
            "new ones it can be a little worse."
        )
    elif source["relation"] == "same_folder" and not figures["duplicates"]["trained_on"]:
        sentences.append(
            f"The model was trained on {things} of a folder with this name. It was not counted how many of these are "
            "among them."
        )
    elif training:
        sentences.append(held_out_sentence(training, things, bool(quantized_sentence(contract))))
    return paragraph(*sentences)


def held_out_sentence(training: dict[str, Any], things: str, is_quantized: bool) -> str:
    """How the model does on the images that were held out of its training, as train.py measured it."""
    balanced = training.get("validation_balanced_accuracy")
    figures = [f"accuracy is {training['validation_accuracy']:.4f}"]
    if balanced is not None:
        figures.append(f"its balanced accuracy {balanced:.4f}")
    if "epoch" in training:
        best_by = training["hyperparameters"].get("best_by", "accuracy").replace("_", " ")
        figures.append(f"its epoch was chosen by its {best_by} on them")
    *first, last = figures
    joined = f"{', '.join(first)}, and {last}" if first else last
    before = ", before it was quantized," if is_quantized else ""
    return f"On the {training['validation_faces']:,} held-out {things} of the training data{before} its {joined}."


def duplicates_paragraph(duplicates: dict[str, Any], things: str) -> str:
    """Sentences about test images that the model was trained on, and about those that occur more than once."""
    sentences = []
    trained_on, training_rows, within = duplicates["trained_on"], duplicates["training"], duplicates["within"]
    if trained_on:
        sentences.append(
            f"The model was trained on {trained_on['images']:,} {things}; `model.json` has their SHA-256. "
            f"{count_of(trained_on['found'])} of the test {things} are among them with the same pixels."
        )
        if trained_on["near"] is not None:
            sentences.append(
                f"{count_of(trained_on['near'])} of the others have a near-copy among them: a different crop or scale "
                "of the same photograph."
            )
        if trained_on["found"] or trained_on["near"]:
            sentences.append(f"Without these test {things} the accuracy is {interval(trained_on['without'])}.")
    if training_rows and training_rows["alone"]:
        excluded = " They were excluded from the training." if trained_on and not trained_on["found"] else ""
        sentences.append(
            f"{training_rows['found']:,} test {things} are also in the training CSV, "
            f"{training_rows['contradictory']:,} of them with another label.{excluded} Without them the accuracy is "
            f"{interval(training_rows['without'])}, on them alone it is {interval(training_rows['alone'])}."
        )
    if within["images"]:
        sentences.append(
            f"{within['images']:,} test {things} have a duplicate in the test itself, and {within['contradictory']:,} "
            "of them have one with another label."
        )
    return paragraph(*sentences)


def calibration_paragraph(figures: dict[str, Any], contract: dict[str, Any], things: str) -> str:
    difference = f"differs from the accuracy by {figures['expected_calibration_error']:.3f} on average (expected"
    if field(contract, "calibration", "temperature"):
        before = ", before the model was quantized" if quantized_sentence(contract) else ""
        first = f"The model's confidence is calibrated on the held-out {things}{before}. It {difference}"
    else:
        first = f"The model's confidence {difference}"
    by_chance = f"With {figures['images']:,} {things}, exact confidences would differ by"
    return paragraph(
        first,
        "calibration error, 15 bins).",
        f"{by_chance} {figures['calibration_error_by_chance']:.3f}, by chance.",
    )


def extremes_paragraph(classes: dict[str, Any], things: str) -> str:
    """Which labels the model recognizes best and worst; empty if too few classes have images, or if all are alike."""
    recalls = {name: row["recall"] for name, row in classes.items() if row["images"]}
    if len(recalls) < CLASSES_WITH_EXTREMES or len(set(recalls.values())) == 1:
        return ""
    best, worst = max(recalls, key=lambda name: recalls[name]), min(recalls, key=lambda name: recalls[name])
    return paragraph(
        f"The model recognizes {plain(best)} best and {plain(worst)} worst: it finds {recalls[worst]:.0%} of the",
        f"{things} with the label {plain(worst)}.",
    )

"""Writes selected images in each requested format, and data.json, which says what they are."""

import json
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from mien.logic.pictures import PREPROCESSING
from training.data import writers
from training.data.preparation import Preparation
from training.data.selection import Selected
from training.data.staging import RECORD, replacing
from training.data.writers import CHANNELS


def count_images(selected: Selected, preparation: Preparation) -> int:
    """How many images `write_output` writes, and reports to its callback."""
    of_channels = sum(len(selection) for selection in selected.channels.values())
    in_folders = 2 * len(selected.data) if preparation.folders else 0
    return in_folders + of_channels * (preparation.records + preparation.arrays)


def write_output(selected: Selected, preparation: Preparation, pool: Executor, progress: Callable[[int], None]) -> None:
    """Writes the selected images into `preparation.output`, in place of those of an earlier preparation.

    progress: is called with the count of images that were written since the last call.

    The same images and the same preparation give the same files, byte for byte. If the writing fails, the files of an
    earlier preparation stay.
    """
    source = selected.source
    with replacing(preparation.output) as output:
        if preparation.folders:
            writers.write_folders(source, output, preparation.fit, preparation.reader.faces, pool, progress)
        digests = {}
        for channel, selection in selected.channels.items():
            if preparation.folders:
                writers.write_list(source.data, selection, output / f"{channel}.lst")
            if preparation.records:
                if preparation.folders:
                    files = writers.read_large_files(source.data, selection, output)
                else:
                    faces = preparation.reader.faces
                    files = writers.encode_large_files(source, selection, preparation.fit, faces, pool)
                writers.write_records(source.data, selection, files, output / f"{channel}.rec", progress)
            images = source.data[selection]
            digests[channel] = images.sha256()
            if preparation.arrays:
                writers.write_arrays(images, output / channel, progress)
        write_record(describe(selected, preparation, digests), output)


def write_record(record: dict[str, Any], output: Path) -> None:
    """Writes data.json, and a copy for the training script, which sees the folders of its channels only."""
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    (output / RECORD).write_text(text, encoding="utf-8")
    training = output / CHANNELS[0]
    if training.exists():
        (training / RECORD).write_text(text, encoding="utf-8")


def describe(selected: Selected, preparation: Preparation, digests: dict[str, str]) -> dict[str, Any]:
    """The content of data.json. digests: of each channel, `LabelledImages.sha256`."""
    classes = selected.data.classes
    counts = [selected.class_counts(label) for label in range(len(classes))]
    options = preparation.options()
    if selected.source.in_validation is not None:
        # The folder decided it.
        options["validation"] = options["split"] = None
    return {
        "source": selected.source.description,
        "options": options,
        "command": preparation.command(),
        "labels": classes,
        "faces": options["faces"],
        "size": preparation.size,
        "color": preparation.color,
        "preprocessing": PREPROCESSING,
        "counts": {
            channel: dict(zip(classes, (count[place] for count in counts), strict=True))
            for place, channel in enumerate(selected.channels)
        },
        "sha256": digests,
    }

"""The whole way: images are uploaded and reviewed, `operate reviews` counts, and `training prepare` reads its faces."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from local.paths import ROOT, SAMPLES
from mien.logic.pictures import read_face
from tests.support.bucket import Bucket
from tests.support.labels import LABELS
from tests.support.operating import Operate
from tests.support.photos import GROUP, NOBODY, PEOPLE
from tests.support.rest import Send

FOLDER = "to review/"


def review(send: Send, name: str, face: int, reviewer: str, verdict: str, label: str | None = None) -> None:
    fields = {"face": face, "reviewer": reviewer, "verdict": verdict} | ({"label": label} if label else {})
    path = "/reviews/" + quote(FOLDER + name)
    answer = send("PUT", path, json.dumps(fields).encode(), Content_Type="application/json")
    assert answer.status == 200, answer.body


@pytest.fixture(scope="module")
def reviewed(bucket: Bucket, send: Send) -> Bucket:
    """Two faces of each label: a reviewer finds all right but one, which is sad and not happy. Then special cases."""
    for label in LABELS:
        for number in (1, 2):
            name = f"{label}-{number}.png"
            bucket.classify(FOLDER + name, (SAMPLES / label / f"{number}.png").read_bytes())
            wrong = name == "happy-2.png"
            review(send, name, 1, "Ann", "label" if wrong else "right", "sad" if wrong else None)
    assert len(bucket.classify(FOLDER + "group.jpg", GROUP)["faces"]) == PEOPLE
    review(send, "group.jpg", 1, "Ann", "right")
    review(send, "group.jpg", 2, "Ann", "not_a_face")
    review(send, "group.jpg", 3, "Ann", "unsure")
    review(send, "group.jpg", 1, "Ben", "right")
    review(send, "group.jpg", 4, "Ann", "right")
    review(send, "group.jpg", 4, "Ben", "not_a_face")
    bucket.classify(FOLDER + "studio.jpg", NOBODY)
    review(send, "studio.jpg", 0, "Ann", "right")
    # The image is overwritten by another one, so the review is about an older image.
    bucket.classify(FOLDER + "old.png", (SAMPLES / "sad" / "3.png").read_bytes())
    review(send, "old.png", 1, "Ann", "right")
    bucket.classify(FOLDER + "old.png", (SAMPLES / "fear" / "3.png").read_bytes())
    bucket.s3.put_object(Bucket=bucket.name, Key=f"{bucket.reviews}{FOLDER}text", Body=b"text")
    return bucket


@pytest.mark.usefixtures("reviewed")
def test_the_numbers_are_those_of_the_reviews(operate: Operate) -> None:
    done = operate("reviews", "--prefix", FOLDER)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "18 faces were reviewed, and 1 images without a face: 16 images, 2 reviewers." in said
    assert "Accuracy: 93.3% (70.2% to 98.8%), 14 of 15" in said
    for line in (
        "1 not a face",
        "1 nobody is sure",
        "1 reviewers disagree",
        "1 images in which no face was found; 1 have none, 0 have one",
        "1 reviews of another version of an image",
        "1 objects that are not reviews",
        "Pairs of reviewers who agree: 50.0% (9.5% to 90.5%), 1 of 2",
    ):
        assert line in said


def test_training_reads_the_faces_that_were_reviewed(reviewed: Bucket, operate: Operate, tmp_path: Path) -> None:
    folder = tmp_path / "reviewed"
    reviewed.s3.put_object(
        Bucket=reviewed.name,
        Key=f"{reviewed.inbox}{FOLDER}angry-1.png",
        Body=(SAMPLES / "angry" / "3.png").read_bytes(),
    )
    done = operate("reviews", "--prefix", FOLDER, "--faces", str(folder))
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    # Without the changed image, whether or not it has its new result already.
    assert "Wrote 14 faces" in said
    assert {path.name for path in folder.iterdir()} <= set(LABELS)
    pixels = read_face((SAMPLES / "happy" / "2.png").read_bytes()).pixels
    assert pixels in [read_face(path.read_bytes()).pixels for path in (folder / "sad").iterdir()]

    # A class with one face can't be in both channels, and `prepare` would refuse it.
    for label in [path for path in folder.iterdir() if len(list(path.iterdir())) < 2]:
        shutil.rmtree(label)
    output = tmp_path / "prepared"
    options = ["--output", str(output), "--validation", "0.5"]
    prepared = subprocess.run(
        [sys.executable, "-m", "training", "prepare", str(folder), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert prepared.returncode == 0, prepared.stderr + prepared.stdout
    sides = [np.load(output / channel / "faces.npz")["labels"] for channel in ("train", "validation")]
    assert sum(map(len, sides)) == len(list(folder.rglob("*.png")))

    again = operate("reviews", "--faces", str(folder))
    assert again.returncode == 1
    assert "exists already" in again.stderr

"""Time and memory that it takes to read the corpus, in a process that reads one image after another like the function.

This process generates and checks the files, so the other one needs no more memory than the function.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from local.paths import DETECTOR
from mien.errors import Rejected
from mien.logic.pictures import COLOR_224, GRAY_48, Find, ModelInput, read_face, read_picture
from mien.pipeline.pictures import load_finder
from tests import corpus
from tests.support.peak import peak_memory

INPUTS = (GRAY_48, COLOR_224)


@dataclass(frozen=True)
class Reading:
    """The reading of one file.

    seconds: processor time of the slowest of the three ways: as a whole for each of the two models, and searched for
        faces.
    megabytes: the process's peak memory so far.
    answers: for each model the face's pixels, or the reason of the rejection.
    searched: the reason of the rejection of the image that is searched for faces; empty if it is not rejected.
    right: whether the answers are the expected ones.
    """

    name: str
    size: int
    seconds: float
    megabytes: int
    answers: list[bytes | str]
    searched: str
    right: bool


def readings(files: corpus.Files = corpus.FILES) -> Iterator[Reading]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-m", __name__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdin
        assert reader.stdout
        for name, made in files.items():
            file = made()
            reader.stdin.write(b"%d\n%b" % (len(file.data), file.data))
            reader.stdin.flush()
            line = reader.stdout.readline()
            if not line:
                raise RuntimeError(f"the process ended over {name!r}")
            seconds, megabytes, texts, searched = json.loads(line)
            answers = [bytes.fromhex(text[1:]) if text.startswith("#") else text for text in texts]
            right = is_right(file, answers) and is_searched(answers, searched)
            yield Reading(name, len(file.data), seconds, megabytes, answers, searched, right)
        reader.stdin.close()


def is_right(file: corpus.File, answers: list[bytes | str]) -> bool:
    face, color = answers
    match file:
        case corpus.Bad():
            return face == color == file.reason
        case corpus.Good():
            return isinstance(face, bytes) and isinstance(color, bytes) and file.matches(face)
        case corpus.Damaged():
            return type(face) is type(color)


def is_searched(answers: list[bytes | str], searched: str) -> bool:
    """Whether a file is searched for faces if it is a picture, and rejected for the same reason if it is none.

    If it is transparent only in the middle, it can be searched.
    """
    expected = answers[0] if isinstance(answers[0], str) else ""
    return searched == expected or (expected, searched) == ("transparent", "")


def read(data: bytes, target: ModelInput) -> tuple[float, str]:
    """Seconds of processor time, and "#" with the face's pixels in hexadecimal, or the reason of the rejection."""
    began = time.process_time()
    try:
        text = "#" + read_face(data, target).pixels.hex()
    except Rejected as rejected:
        text = rejected.reason
    return time.process_time() - began, text


def search(data: bytes, find: Find) -> tuple[float, str]:
    """Seconds of processor time, and the reason of the rejection or nothing."""
    began, reason = time.process_time(), ""
    try:
        read_picture(data, GRAY_48, find)
    except Rejected as rejected:
        reason = rejected.reason
    return time.process_time() - began, reason


def main() -> None:
    find = load_finder(DETECTOR).find
    while line := sys.stdin.buffer.readline():
        data = sys.stdin.buffer.read(int(line))
        seconds, texts = zip(*(read(data, target) for target in INPUTS), strict=True)
        seconds_of_search, searched = search(data, find)
        print(json.dumps([max(*seconds, seconds_of_search), peak_memory(), texts, searched]), flush=True)


if __name__ == "__main__":
    main()

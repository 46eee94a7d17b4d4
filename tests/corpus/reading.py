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

from mien.errors import Rejected
from mien.logic.pictures import COLOR_224, GRAY_48, ModelInput, read_face
from tests import corpus
from tests.support.peak import peak_memory

INPUTS = (GRAY_48, COLOR_224)


@dataclass(frozen=True)
class Reading:
    """The reading of one file.

    seconds: processor time for the slower of the two models.
    megabytes: the process's peak memory so far.
    answers: for each model the face's pixels, or the reason of the rejection.
    right: whether the answers are the expected ones.
    """

    name: str
    size: int
    seconds: float
    megabytes: int
    answers: list[bytes | str]
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
            seconds, megabytes, texts = json.loads(line)
            answers = [bytes.fromhex(text[1:]) if text.startswith("#") else text for text in texts]
            yield Reading(name, len(file.data), seconds, megabytes, answers, is_right(file, answers))
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


def read(data: bytes, target: ModelInput) -> tuple[float, str]:
    """Seconds of processor time, and "#" with the face's pixels in hexadecimal, or the reason of the rejection."""
    began = time.process_time()
    try:
        text = "#" + read_face(data, target).pixels.hex()
    except Rejected as rejected:
        text = rejected.reason
    return time.process_time() - began, text


def main() -> None:
    while line := sys.stdin.buffer.readline():
        data = sys.stdin.buffer.read(int(line))
        seconds, texts = zip(*(read(data, target) for target in INPUTS), strict=True)
        megabytes = peak_memory()
        print(json.dumps([max(seconds), megabytes, texts]), flush=True)


if __name__ == "__main__":
    main()

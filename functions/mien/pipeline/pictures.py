"""Reads images as the endpoint's model needs them, and keeps their faces until the endpoint is called."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property, partial
from http import HTTPStatus
from pathlib import Path
from typing import Generic, TypeVar

from mien.errors import InvalidRequest, TryAgain
from mien.logic.pictures import INPUTS, PREPROCESSING, Face, Find, Picture, read_picture
from mien.logic.results import Answer, Reading
from mien.settings import Faces, Settings, find_detector

# Bytes of pixels that wait for the endpoint. 14,000 faces for our model, or 220 for the built-in algorithm.
MAX_WAITING_BYTES = 32 * 1024 * 1024

# Characters of the detector's version: the beginning of its file's digest.
VERSION_LENGTH = 12

K = TypeVar("K")


class PictureReader:
    """Reads the faces of image files for one kind of endpoint."""

    def __init__(self, settings: Settings):
        self.target = INPUTS[settings.endpoint_input]
        self.find: Find | None = None
        version = ""
        if settings.faces == "find":
            path = find_detector()
            version = hashlib.sha256(path.read_bytes()).hexdigest()[:VERSION_LENGTH]
            self.find = load_finder(path)
        self.reading = Reading(f"{PREPROCESSING}-{settings.endpoint_input}", version)

    def read(self, data: bytes) -> Picture:
        """Returns the faces of an image file. Raises Rejected."""
        return read_picture(data, self.target, self.find)


class PictureReaders:
    """The readers of the API, which can be asked to find faces and to take images whole.

    default: what the settings say. It is ready from the start. The other one is made when it is first asked for,
    because a detector takes time and memory to load.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.default = PictureReader(settings)

    def choose(self, faces: Faces | None) -> PictureReader:
        """faces: None for the default. Raises InvalidRequest if faces can't be found, because there is no detector."""
        return self.default if faces in (None, self.settings.faces) else self.other

    @cached_property
    def other(self) -> PictureReader:
        faces: Faces = "whole" if self.settings.faces == "find" else "find"
        try:
            return PictureReader(replace(self.settings, faces=faces))
        except (ImportError, KeyError, FileNotFoundError) as error:
            detail = "This stack can't look for faces, because its function has no face detector. Ask for faces=whole."
            raise InvalidRequest(HTTPStatus.BAD_REQUEST, "no_detector", detail) from error


def load_finder(path: Path) -> Find:
    """Returns the function that finds faces with the detector in a file.

    It imports NumPy and ONNX Runtime, which a function that takes images whole does not need.
    """
    from mien.logic.detector import load_detector
    from mien.logic.faces import find_faces

    return partial(find_faces, detect=load_detector(path))


class WaitingPictures(Generic[K]):
    """Pictures by a key. Their faces wait to be classified together, so that few calls are needed."""

    def __init__(self) -> None:
        self.pictures: dict[K, Picture] = {}
        self.bytes = 0

    def add(self, key: K, picture: Picture) -> None:
        self.pictures[key] = picture
        self.bytes += sum(len(found.face.pixels) for found in picture.faces if found.face)

    @property
    def is_full(self) -> bool:
        return self.bytes >= MAX_WAITING_BYTES

    @property
    def faces(self) -> list[Face]:
        """All faces that need an answer."""
        return [found.face for picture in self.pictures.values() for found in picture.faces if found.face]

    def sort_answers(self, outcomes: Iterable[Answer | Exception]) -> Iterable[tuple[K, list[Answer] | Exception]]:
        """Yields each picture's key with the answers about its faces, or the error of a face that has none.

        outcomes: one for each of `faces`, in their order.
        """
        remaining = iter(outcomes)
        for key, picture in self.pictures.items():
            own = [next(remaining) for found in picture.faces if found.face]
            errors = [outcome for outcome in own if isinstance(outcome, Exception)]
            # A final error comes first: a retry would not help the picture.
            errors.sort(key=lambda error: isinstance(error, TryAgain))
            yield key, errors[0] if errors else [outcome for outcome in own if not isinstance(outcome, Exception)]

"""Reads images as the endpoint's model needs them, and keeps their faces until the endpoint is called."""

import hashlib
from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from mien.errors import InvalidRequest, ModelExchanged, TryAgain
from mien.logic.contract import Contract, Faces
from mien.logic.pictures import PREPROCESSING, Face, Find, Picture, read_picture
from mien.logic.results import Answer, Reading
from mien.settings import Settings, find_detector

# Bytes of pixels that wait for the endpoint: 14,000 faces of 48x48 gray pixels, or 220 of 224x224 in color.
MAX_WAITING_BYTES = 32 * 1024 * 1024

# Characters of the detector's version: the beginning of its file's digest.
VERSION_LENGTH = 12

K = TypeVar("K")


class Finder(NamedTuple):
    """The face detector. version: changes with its file."""

    find: Find
    version: str


class PictureReader:
    """Reads the faces of image files for one model.

    finder: None to take the central square of every image.
    """

    def __init__(self, contract: Contract, finder: Finder | None):
        self.contract = contract
        self.find = finder.find if finder else None
        version = finder.version if finder else ""
        self.reading = Reading(f"{PREPROCESSING}-{contract.input_name}", version)

    def read(self, data: bytes) -> Picture:
        """Returns the faces of an image file. Raises Rejected."""
        return read_picture(data, self.contract.target, self.find, self.contract.listed_faces)


class PictureReaders:
    """Makes the readers for whatever model the endpoint has.

    The detector is loaded at the start, where Lambda gives a function the most processor time. Only if the settings say
    that images are taken whole, it is loaded when a client asks for it.
    """

    def __init__(self, settings: Settings):
        self.setting = settings.faces
        self.loaded = None if self.setting == "whole" else load_finder(find_detector())

    def finder(self) -> Finder:
        """Raises ImportError, KeyError or FileNotFoundError if the function has no detector."""
        self.loaded = self.loaded or load_finder(find_detector())
        return self.loaded

    def faces(self, contract: Contract) -> Faces:
        """Returns how images are read for a model, if a client does not say it."""
        return contract.faces if self.setting == "model" else self.setting

    def reader(self, contract: Contract, faces: Faces | None = None) -> PictureReader:
        """faces: None for the default. Raises InvalidRequest if faces can't be found, because there is no detector."""
        if (faces or self.faces(contract)) == "whole":
            return PictureReader(contract, None)
        try:
            return PictureReader(contract, self.finder())
        except (ImportError, KeyError, FileNotFoundError) as error:
            detail = "This stack can't look for faces, because its function has no face detector. Ask for faces=whole."
            raise InvalidRequest(HTTPStatus.BAD_REQUEST, "no_detector", detail) from error


def load_finder(path: Path) -> Finder:
    """Loads the detector in a file.

    It imports NumPy and ONNX Runtime, which a function that takes images whole does not need.
    """
    from mien.logic.detector import load_detector
    from mien.logic.faces import find_faces

    version = hashlib.sha256(path.read_bytes()).hexdigest()[:VERSION_LENGTH]
    return Finder(partial(find_faces, detect=load_detector(path)), version)


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
            answers = [outcome for outcome in own if not isinstance(outcome, Exception)]
            if len({model.labels for _, model in answers}) > 1:
                errors.append(ModelExchanged("the model was exchanged while the faces of an image were classified"))
            yield key, errors[0] if errors else answers

"""Pictures for measuring the face detector: a folder of photos, changes of them, and pictures that code draws."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tests.corpus import pictures


@dataclass(frozen=True)
class Photo:
    """boxes, ignored: float32 [n, 4]: left, top, right and bottom in pixels. Finding an ignored face is no mistake."""

    name: str
    image: Image.Image
    boxes: np.ndarray
    ignored: np.ndarray

    def resized(self, factor: float) -> "Photo":
        size = (round(self.image.width * factor), round(self.image.height * factor))
        image = self.image.resize(size, Image.Resampling.BICUBIC)
        return Photo(self.name, image, self.boxes * factor, self.ignored * factor)

    def turned(self, degrees: float) -> "Photo":
        """The photo, turned counterclockwise about its center and enlarged to show all of it. Boxes keep their size."""
        image = self.image.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
        boxes, ignored = (self.turn_boxes(rows, degrees, image) for rows in (self.boxes, self.ignored))
        return Photo(self.name, image, boxes, ignored)

    def turn_boxes(self, boxes: np.ndarray, degrees: float, image: Image.Image) -> np.ndarray:
        angle = np.deg2rad(degrees)
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        centers = (boxes[:, :2] + boxes[:, 2:]) / 2 - np.array(self.image.size) / 2
        halves = (boxes[:, 2:] - boxes[:, :2]) / 2
        if degrees in (90, 270):
            halves = halves[:, ::-1]
        moved = centers @ rotation + np.array(image.size) / 2
        return np.concatenate([moved - halves, moved + halves], axis=1)


def read_photos(folder: Path) -> list[Photo]:
    """Reads all photos that boxes.json in the folder names.

    The file is an object from each photo's name to an object with `boxes` and `ignore`: lists of [left, top, right,
    bottom] in pixels.
    """
    entries = json.loads((folder / "boxes.json").read_text())
    return [
        Photo(name, Image.open(folder / name).convert("RGB"), as_boxes(entry["boxes"]), as_boxes(entry["ignore"]))
        for name, entry in sorted(entries.items())
    ]


def as_boxes(rows: list[list[float]]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def recompressed(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=30)
    return Image.open(file).convert("RGB")


CHANGES: dict[str, Callable[[Photo], Photo]] = {
    "as they are": lambda photo: photo,
    "gray": lambda photo: changed(photo, photo.image.convert("L").convert("RGB")),
    "dark (x 0.15)": lambda photo: changed(photo, photo.image.point(lambda level: int(level * 0.15))),
    "JPEG quality 30": lambda photo: changed(photo, recompressed(photo.image)),
    "turned by 20 degrees": lambda photo: photo.turned(20),
}


def changed(photo: Photo, image: Image.Image) -> Photo:
    return Photo(photo.name, image, photo.boxes, photo.ignored)


def drawing(generator: np.random.Generator, width: int, height: int) -> Image.Image:
    """A gradient with rectangles and ellipses on it."""
    rows, columns = np.mgrid[0:height, 0:width]
    angle = generator.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * columns + np.sin(angle) * rows
    slope = (slope - slope.min()) / max(1.0, np.ptp(slope))
    first, second = generator.uniform(30, 225, 3), generator.uniform(30, 225, 3)
    image = Image.fromarray((first + (second - first) * slope[..., None]).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(generator.integers(3, 12)):
        x, y = int(generator.integers(0, width)), int(generator.integers(0, height))
        size = int(generator.integers(max(2, min(width, height) // 12), max(3, min(width, height) // 3)))
        shape = draw.rectangle if generator.random() < 0.5 else draw.ellipse
        shape((x - size, y - size // 2, x + size, y + size // 2), fill=tuple(generator.integers(20, 235, 3).tolist()))
    return image


def pictures_without_faces() -> Iterator[tuple[str, Image.Image]]:
    """Yields kinds and pictures that show no face."""
    generator = np.random.default_rng(0)
    for level in (0, 64, 128, 255):
        yield "one level of gray", Image.new("RGB", (640, 480), (level,) * 3)
    yield "the picture of the corpus", Image.fromarray(pictures.reference()).resize((480, 480))
    for _ in range(40):
        width, height = (int(side) for side in generator.integers(80, 1600, 2))
        noise = generator.integers(0, 256, (height, width, 3), np.uint8)
        yield "noise", Image.fromarray(noise)
        coarse = Image.fromarray(noise[: max(2, height // 24), : max(2, width // 24)])
        yield "noise, enlarged until it is smooth", coarse.resize((width, height), Image.Resampling.BICUBIC)
        yield "gradients with rectangles and ellipses", drawing(generator, width, height)


def composite(
    face: np.ndarray, size: int, factor: float, generator: np.random.Generator, place: tuple[int, int] | None = None
) -> Image.Image:
    """Pastes a face of `size` pixels into a drawing whose sides are `factor` times as long.

    face: uint8 [48, 48].
    place: left and top of the face; None for a random place.
    """
    side = round(size * factor)
    image = drawing(generator, side, side)
    left, top = (int(at) for at in generator.integers(0, side - size + 1, 2))
    image.paste(Image.fromarray(face).resize((size, size), Image.Resampling.BICUBIC), place or (left, top))
    return image

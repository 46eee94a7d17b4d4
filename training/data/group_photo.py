"""Draws photos that may be published: a group around sample faces, and the studio without anybody.

The faces are composites, which show no real person (composites.py). All else is drawn. The photos look like old ones
from a studio, because the composites are gray.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.portrait import Person, Portrait
from training.data.shapes import noise

# Height and width.
SIZE = (760, 1200)
SEED = 1
# The grain of a film, in levels.
GRAIN = 0.011
# The color of level 1, RGB: the warm white of photographic paper.
PAPER = np.array([255, 249, 238], np.float32)
JPEG_QUALITY = 88
# From the back to the front.
PEOPLE = (
    Person("happy/2.png", 300, 214, 138, (25.5, 24, 18, 25), 0.95, 0.17, 0.2, has_jacket=True),
    Person("neutral/2.png", 596, 192, 134, (25, 24, 17, 25), 1.0, 0.12, 0.62, has_long_hair=True),
    Person("surprise/4.png", 898, 218, 132, (23.5, 24, 17.5, 25), 1.25, 0.08, 0.3, has_jacket=True),
    Person("surprise/1.png", 142, 416, 162, (24, 24, 17.5, 25), 1.0, 0.22, 0.8, has_long_hair=True),
    Person("happy/1.png", 446, 436, 174, (24, 24, 17.5, 25), 1.15, 0.07, 0.4, has_long_hair=True),
    Person("angry/2.png", 752, 428, 168, (23.5, 23.5, 17.5, 25), 1.1, 0.06, 0.13, has_jacket=True),
    Person("happy/4.png", 1056, 420, 164, (24, 24, 17.5, 25), 0.95, 0.15, 0.68, has_long_hair=True),
)


def write(faces: Path, folder: Path) -> list[Path]:
    """Writes `folder/group.jpg` and `folder/studio.jpg`, where nobody is, and returns the paths.

    faces: folder of the sample faces, `<class>/<number>.png`, 48x48 grayscale.

    Raises FileNotFoundError, and writes nothing, if a sample face is missing.
    """
    photos = {folder / "group.jpg": draw(faces, PEOPLE), folder / "studio.jpg": draw(faces, ())}
    folder.mkdir(parents=True, exist_ok=True)
    for path, photo in photos.items():
        photo.save(path, quality=JPEG_QUALITY, optimize=True)
    return list(photos)


def draw(faces: Path, people: Sequence[Person]) -> Image.Image:
    """Returns a photo of some people, RGB. The same people give the same photo."""
    generator = np.random.default_rng(SEED)
    picture = draw_backdrop(generator)
    for person in people:
        picture = Portrait(picture, person, generator).draw(read_levels(faces / person.face))
    picture = picture + generator.normal(0, GRAIN, SIZE)
    return Image.fromarray((picture.clip(0, 1)[..., None] * PAPER).round().astype(np.uint8))


def draw_backdrop(generator: np.random.Generator) -> np.ndarray:
    """Returns a painted cloth, which is brighter behind the group."""
    y, x = np.mgrid[0 : 1 : SIZE[0] * 1j, 0 : 1 : SIZE[1] * 1j].astype(np.float32)
    cloth = 0.72 - 0.7 * ((x - 0.45) ** 2 + (y - 0.35) ** 2)
    for spot, contrast in ((160, 0.035), (60, 0.016), (24, 0.007)):
        cloth += contrast * noise(generator, SIZE, (spot, spot))
    return cloth


def read_levels(path: Path) -> np.ndarray:
    """A grayscale image → levels from 0 to 1, float32 [height, width]."""
    with Image.open(path) as image:
        return np.asarray(image, np.float32) / 255

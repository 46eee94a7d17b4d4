"""Draws a person around a sample face. The face is the only part that is not drawn.

Lengths are in pixels of the sample face, which is enlarged together with the person. Levels and shapes are described in
shapes.py.
"""

from dataclasses import dataclass

import numpy as np

from mien.logic.pictures import FACE_SIZE
from training.data.shapes import blur, edge, ellipse, lay, noise, resize


@dataclass(frozen=True)
class Person:
    """A person, and where it is in the picture.

    face: path of the sample face below the folder of faces.
    x, y: center of the face in the picture, in pixels.
    side: of the enlarged sample, in pixels.
    oval: the face in the sample: x and y of its center, and half its width and height.
    skin: exponent of the levels of the skin; more than 1 is darker.
    hair, clothes: levels.
    has_long_hair: whether the hair falls to the shoulders.
    has_jacket: whether the clothes are a jacket over a light shirt.
    """

    face: str
    x: float
    y: float
    side: float
    oval: tuple[float, float, float, float]
    skin: float
    hair: float
    clothes: float
    has_long_hair: bool = False
    has_jacket: bool = False


class Portrait:
    """Draws one person on a picture, `self.picture`, from the back to the front."""

    def __init__(self, picture: np.ndarray, person: Person, generator: np.random.Generator):
        self.picture = picture
        self.person = person
        self.generator = generator
        self.scale = person.side / FACE_SIZE
        rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
        # Where each pixel is, seen from the center of the face.
        self.x, self.y = (columns - person.x) / self.scale, (rows - person.y) / self.scale
        self.aside = np.abs(self.x)
        # The light comes from the left.
        self.light = 1 - self.x / 130
        _, _, self.width, self.height = person.oval
        self.collar = self.height + 7
        shoulders = self.collar + 0.3 * self.aside + 16 * (1 - (1 - (self.aside / 46).clip(0, 1) ** 5) ** 0.5)
        self.body = edge(self.y - shoulders, 0.6) * edge(46 - self.aside, 0.6)

    def draw(self, levels: np.ndarray) -> np.ndarray:
        """Returns the picture with the person. levels: of the sample face, float32 [FACE_SIZE, FACE_SIZE]."""
        self.draw_shadow()
        hair = self.hair_levels()
        if self.person.has_long_hair:
            self.draw_long_hair(hair)
        self.draw_clothes()
        self.draw_neck()
        if not self.person.has_long_hair:
            self.draw_short_hair(hair)
        face = self.skin(0.06 + 0.84 * self.enlarge(levels))
        self.lay(face, ellipse(self.x, self.y, self.width, self.height, 4.5, 2.3))
        return self.picture

    def draw_shadow(self) -> None:
        head = ellipse(self.x, self.y + 3, self.width + 3, self.height + 4, 1.2, 2.3)
        self.picture = self.picture * (1 - 0.3 * blur(np.maximum(self.body, head), 8 * self.scale))

    def hair_levels(self) -> np.ndarray:
        shine = 0.14 * np.exp(-(((self.x + 8) / 11) ** 2) - ((self.y + self.height) / 5) ** 2)
        return np.asarray(self.person.hair * (1 + 0.13 * self.noise(60, 2.5)) + shine)

    def draw_long_hair(self, hair: np.ndarray) -> None:
        width = self.width + 6.5
        crown = ellipse(self.x, self.y + 2, width, self.height + 5, 1.2, 2.2)
        sides = edge(width + 2 * (self.y / 30).clip(0, 1) - self.aside, 1.2) * edge(self.y, 1)
        ends = edge(self.height + 13 - 0.012 * self.x**2 - self.y, 6)
        self.lay(hair, np.maximum(crown, sides * ends))

    def draw_short_hair(self, hair: np.ndarray) -> None:
        ears = ellipse(self.aside - self.width, self.y + 1, 2.6, 5, 0.8)
        self.lay(self.skin(0.34 * self.light), ears)
        cap = ellipse(self.x, self.y + 5, self.width + 2, self.height + 3.5, 1.2, 2.3)
        self.lay(hair, cap * edge(-6 - self.y, 5))

    def draw_clothes(self) -> None:
        below = self.y - self.collar
        arms = np.exp(-((self.aside - 35 - 0.02 * self.y) ** 2)) * edge(self.y - self.height - 34, 16)
        shade = self.light - 0.3 * (self.aside / 46) ** 8 - 0.004 * below.clip(0, 60) - 0.12 * arms
        cloth = self.person.clothes * shade + 0.015 * self.noise(40, 14)
        self.lay(cloth, self.body)
        if self.person.has_jacket:
            self.lay(cloth + 0.04, self.body * edge(21 - 0.4 * below - self.aside, 0.6))
            shirt = 0.78 * self.light - 0.25 * np.exp(-((below / 6) ** 2))
            front = self.body * edge(12 - 0.25 * below - self.aside, 0.6)
            self.lay(shirt, np.maximum(front, ellipse(self.x, below - 0.5, 13, 6.5, 0.6, 3)))
        else:
            self.lay(cloth * 0.8, self.body * ellipse(self.x, below, 13, 10, 0.6))

    def draw_neck(self) -> None:
        below = self.y - self.height
        width, depth = (11, 3.5) if self.person.has_jacket else (11.5, 8.5)
        throat = ellipse(self.x, self.y - self.collar, width, depth, 0.6)
        neck = edge(width - 1.5 + 0.1 * below.clip(0) - self.aside, 1) * edge(self.y, 1) * edge(self.collar - self.y, 2)
        shadow_of_chin = 0.5 * np.exp(-(((below - 1) / 6) ** 2))
        levels = 0.54 * self.light * (1 - shadow_of_chin) - 0.12 * (self.aside / 11) ** 2
        self.lay(self.skin(levels), np.maximum(neck, throat))

    def skin(self, levels: np.ndarray) -> np.ndarray:
        return np.asarray(levels.clip(0, 1) ** self.person.skin)

    def noise(self, height: float, width: float) -> np.ndarray:
        size = (self.picture.shape[0], self.picture.shape[1])
        return noise(self.generator, size, (height * self.scale, width))

    def lay(self, levels: np.ndarray, shape: np.ndarray) -> None:
        self.picture = lay(self.picture, levels, shape)

    def enlarge(self, levels: np.ndarray) -> np.ndarray:
        """A sample face → levels of the picture's size, with the face in its place. The sample's edge is repeated."""
        person = self.person
        side = round(person.side)
        large = resize(levels, (side, side))
        left, top = round(person.x - person.oval[0] * self.scale), round(person.y - person.oval[1] * self.scale)
        rows, columns = (np.arange(length) for length in self.picture.shape)
        return np.asarray(large[(rows - top).clip(0, side - 1)][:, (columns - left).clip(0, side - 1)])

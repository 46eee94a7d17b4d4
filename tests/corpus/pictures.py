"""The pictures in the corpus's files, and the expected outcomes of files."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageCms

SIZE = 48
COLOR_SIZE = 224
# The tolerance of files with lossy compression. Only the mean difference from the picture is limited, to 2.5 of 255.
LOSSY = 255


@dataclass(frozen=True)
class Good:
    """A file that shows a picture.

    tolerance: the largest difference of a pixel from the picture, of 255. With LOSSY only the mean difference is
        limited, because lossy compression changes single pixels at sharp edges.
    face: uint8 [48, 48], the expected face; None for the reference.
    color: uint8 [224, 224, 3], the expected image for the built-in algorithm; None if it is not checked.
    """

    data: bytes
    tolerance: int = 0
    face: np.ndarray | None = None
    color: np.ndarray | None = None

    def matches(self, pixels: bytes) -> bool:
        return self.is_close(pixels, reference() if self.face is None else self.face)

    def matches_color(self, pixels: bytes) -> bool:
        return self.color is not None and self.is_close(pixels, self.color)

    def is_close(self, pixels: bytes, picture: np.ndarray) -> bool:
        difference = np.abs(np.frombuffer(pixels, np.uint8).astype(int) - picture.ravel())
        return bool(difference.max() <= self.tolerance and difference.mean() < 2.5)


@dataclass(frozen=True)
class Bad:
    """A file that must be rejected for this reason."""

    data: bytes
    reason: str


@dataclass(frozen=True)
class Damaged:
    """A file that was damaged at random. It must give a face or a rejection, and either is correct."""

    data: bytes


File = Good | Bad | Damaged
# Functions, because the bombs have 16 MiB each and must not all be in memory.
Files = dict[str, Callable[[], File]]


def reference() -> np.ndarray:
    """uint8 [48, 48]: a gradient in both directions with a bright corner. All rotations and mirror images differ."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    picture = 40 + 2 * rows + columns
    picture[4:14, 4:20] = 230
    return picture.astype(np.uint8)


def levels(bits: int) -> np.ndarray:
    """uint8 [48, 48]: the reference in levels from 0 to 2**bits - 1."""
    return (reference().astype(int) * ((1 << bits) - 1) // 255).astype(np.uint8)


def to_8_bits(picture: np.ndarray, bits: int) -> np.ndarray:
    """Scales levels of so many bits to the range from 0 to 255."""
    return (picture.astype(int) * 255 // ((1 << bits) - 1)).astype(np.uint8)


def colors() -> np.ndarray:
    """uint8 [224, 224, 3]: hues that change slowly, which compression preserves, and a dark corner."""
    rows, columns = np.mgrid[0:COLOR_SIZE, 0:COLOR_SIZE]
    picture = np.stack([20 + rows, 230 - columns, 30 + (rows + columns) // 3], axis=-1)
    picture[20:60, 20:90] = (60, 10, 40)
    return picture.astype(np.uint8)


def inks() -> np.ndarray:
    """uint8 [224, 224, 4]: cyan, magenta, yellow and black, from 0 for no ink to 255."""
    rows, columns = np.mgrid[0:COLOR_SIZE, 0:COLOR_SIZE]
    picture = np.stack([rows, columns, 223 - rows, (rows + columns) // 4], axis=-1)
    picture[20:60, 20:90] = (200, 60, 0, 30)
    return picture.astype(np.uint8)


def printed(ink: np.ndarray) -> np.ndarray:
    """The colors of inks: uint8 [n, n, 4] to uint8 [n, n, 3]. Each ink absorbs its color, and black absorbs all."""
    light = 255.0 - ink
    return np.rint(light[..., :3] * light[..., 3:] / 255).astype(np.uint8)


def face_of(color: np.ndarray) -> np.ndarray:
    """uint8 [n, n, 3] to uint8 [48, 48]: gray with the weights of ITU-R BT.601, averaged by area."""
    gray = color @ np.array([0.299, 0.587, 0.114])
    side = len(gray)
    edges = np.arange(SIZE + 1) * side / SIZE
    pixels = np.arange(side)
    shares = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights = np.clip(shares, 0, None) * SIZE / side
    return np.rint(weights @ gray @ weights.T).astype(np.uint8)


def colored(data: bytes, tolerance: int = 0, color: np.ndarray | None = None) -> Good:
    """A file that shows `colors()`, or another picture of the same size."""
    color = colors() if color is None else color
    return Good(data, max(tolerance, 1), face_of(color), color)


def gray() -> Image.Image:
    return Image.fromarray(reference())


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def large(mode: str = "L", factor: int = 20) -> Image.Image:
    return gray().resize((SIZE * factor, SIZE * factor), Image.Resampling.NEAREST).convert(mode)


def flat(level: int) -> np.ndarray:
    """uint8 [48, 48], all of one level."""
    return np.full((SIZE, SIZE), level, np.uint8)


def on_gray(picture: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The picture on a mid-gray background. alpha: from 0 to 255, in the picture's shape."""
    return np.rint((picture * (alpha / 255.0)) + 128 * (1 - alpha / 255.0)).astype(np.uint8)


def fading() -> np.ndarray:
    """uint8 [48, 48]: an alpha channel, from transparent on the left to opaque on the right."""
    return np.tile(np.linspace(0, 255, SIZE).astype(np.uint8), (SIZE, 1))


def transparent() -> Image.Image:
    """The reference with a right half that is white and fully transparent."""
    image = gray().convert("RGBA")
    image.paste((255, 255, 255, 0), (SIZE // 2, 0, SIZE, SIZE))
    return image


def palette_with_transparency() -> bytes:
    image = gray().quantize(256)
    return encoded(image, "PNG", transparency=image.getpixel((0, 0)))


def animated(kind: str) -> bytes:
    later = [Image.new("L", (SIZE, SIZE), level) for level in (0, 255)]
    return encoded(gray(), kind, save_all=True, append_images=later, **({"lossless": True} if kind == "WEBP" else {}))


def sixteen_bits() -> Image.Image:
    return Image.fromarray(reference().astype(np.uint16) * 257)


def to_16_bits(picture: np.ndarray) -> np.ndarray:
    """Scales levels from 0 to 255 to the range from 0 to 65535."""
    return picture.astype(np.uint16) * 257


def with_alpha(picture: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.dstack([picture, alpha])


def color_image() -> Image.Image:
    return Image.fromarray(colors())


def cmyk(kind: str, **options: Any) -> bytes:
    return encoded(Image.frombytes("CMYK", (COLOR_SIZE, COLOR_SIZE), inks().tobytes()), kind, **options)


def profile() -> bytes:
    """The sRGB color profile, without its time of creation, which would change the files each day."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data[:24] + bytes(12) + data[36:]

"""Image files of every kind that people upload, each with its expected outcome. Code generates them.

FILES: all files, by name. Each is a function that generates the file.
GOOD, BAD: a few files of each kind, for tests that are slow for each file.
BOMBS: the files that take long to generate. FILES contains them as well.

    corpus.FILES["gray.png"]().data
"""

from tests.corpus import bombs
from tests.corpus.damaged import DAMAGED
from tests.corpus.disguised import DISGUISED
from tests.corpus.kinds import KINDS
from tests.corpus.largest import LARGEST_FILES
from tests.corpus.metadata import BROKEN_METADATA
from tests.corpus.oversized import png_of_size
from tests.corpus.pictures import (
    Bad,
    Damaged,
    File,
    Files,
    Good,
    encoded,
    gray,
    palette_with_transparency,
    reference,
    transparent,
)

__all__ = [
    "BAD",
    "BOMBS",
    "FILES",
    "GOOD",
    "Bad",
    "Damaged",
    "File",
    "Files",
    "Good",
    "encoded",
    "gray",
    "palette_with_transparency",
    "png_of_size",
    "reference",
    "transparent",
]

BOMBS: Files = {**bombs.BOMBS, **LARGEST_FILES}
FILES: Files = {**KINDS, **DAMAGED, **BROKEN_METADATA, **DISGUISED, **BOMBS}
FEW = (
    *("gray.png", "gray.bmp", "gray.tiff", "gray.gif", "gray.webp", "gray.jpg", "color.png", "color.jpg"),
    *("progressive.jpg", "png by content.jpg", "16 bits.png", "16 bits.tiff", "palette.png", "cmyk.jpg", "ycck.jpg"),
    *("opaque.png", "interlaced.png", "animated.gif", "animated.webp", "animated.png", "large.png", "large.jpg"),
    *(f"orientation {n}.png" for n in range(1, 9)),
    *(
        "empty.png",
        "text.png",
        "noise.jpg",
        "page.html",
        "drawing.svg",
        "large and cut off.png",
        "cut after 4 eighths.jpg",
    ),
    *("header alone.png", "1x1.png", "1x30000.png", "30000x30000.png", "small bomb.png", "32-bit float.tiff"),
    *("many segments.jpg", "picture, then an archive.png", "exif is noise.jpg"),
)
GOOD: dict[str, Good] = {}
BAD: dict[str, Bad] = {}
for name in FEW:
    match FILES[name]():
        case Good() as file:
            GOOD[name] = file
        case Bad() as file:
            BAD[name] = file

"""Files that were damaged: cut off, flipped, or broken in what stands around the pixels."""

import functools
import random
import struct

import numpy as np
from PIL import Image

from tests.corpus import written
from tests.corpus.kinds import turned
from tests.corpus.pictures import (
    LOSSY,
    SIZE,
    Bad,
    Damaged,
    Files,
    Good,
    encoded,
    gray,
    large,
    profile,
    reference,
    sixteen_bits,
)


def noisy() -> Image.Image:
    """256x256, of three colors: so much of a file is pixels that a cut or a flip hits them."""
    pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    return Image.fromarray(pixels)


@functools.cache
def whole(kind: str) -> bytes:
    """A file of this kind that is in order."""
    match kind:
        case "png":
            return encoded(noisy(), "PNG")
        case "interlaced.png":
            return written.png(np.asarray(noisy()), interlaced=True)
        case "jpg":
            return encoded(noisy(), "JPEG", quality=90)
        case "progressive.jpg":
            return encoded(noisy(), "JPEG", quality=90, progressive=True)
        case "webp":
            return encoded(noisy(), "WEBP", quality=90)
        case "lossless.webp":
            return encoded(noisy(), "WEBP", lossless=True)
        case "gif":
            return encoded(noisy().convert("L"), "GIF")
        case "bmp":
            return encoded(noisy(), "BMP")
        case "tiff":
            return encoded(noisy(), "TIFF")
        case "lzw.tiff":
            return encoded(noisy(), "TIFF", compression="tiff_lzw")
    raise ValueError(kind)


ALL_KINDS = (
    "png",
    "interlaced.png",
    "jpg",
    "progressive.jpg",
    "webp",
    "lossless.webp",
    "gif",
    "bmp",
    "tiff",
    "lzw.tiff",
)


def cut(kind: str, eighths: int) -> bytes:
    data = whole(kind)
    return data[: len(data) * eighths // 8]


def flipped(kind: str, seed: int, bits: int = 1) -> bytes:
    data, chance = bytearray(whole(kind)), random.Random(f"{kind} {seed}")
    for _ in range(bits):
        # The first kilobyte holds the header, which is otherwise seldom hit.
        at = chance.randrange(min(len(data), 1024)) if chance.random() < 0.5 else chance.randrange(len(data))
        data[at] ^= 1 << chance.randrange(8)
    return bytes(data)


def without_signature(kind: str) -> bytes:
    data = bytearray(whole(kind))
    data[0] ^= 0x20
    return bytes(data)


CUT: Files = {
    f"cut after {eighths} eighths.{kind}": functools.partial(
        lambda kind, eighths: Bad(cut(kind, eighths), "broken_image"), kind, eighths
    )
    for kind in ALL_KINDS
    for eighths in range(1, 8)
}
CUT_IN_THE_HEADER: Files = {
    "the signature alone.png": lambda: Bad(whole("png")[:8], "broken_image"),
    "the signature alone.gif": lambda: Bad(whole("gif")[:6], "broken_image"),
    "the signature alone.jpg": lambda: Bad(whole("jpg")[:3], "broken_image"),
    "the signature alone.bmp": lambda: Bad(whole("bmp")[:2], "broken_image"),
    "the signature alone.tiff": lambda: Bad(whole("tiff")[:4], "broken_image"),
    "the signature alone.webp": lambda: Bad(whole("webp")[:16], "broken_image"),
    "header alone.png": lambda: Bad(encoded(gray(), "PNG")[:60], "broken_image"),
    "header alone.jpg": lambda: Bad(whole("jpg")[:300], "broken_image"),
    "one byte.png": lambda: Bad(b"\x89", "not_an_image"),
}
FLIPPED: Files = {
    **{
        f"flipped bit {n}.{kind}": functools.partial(lambda kind, n: Damaged(flipped(kind, n)), kind, n)
        for kind in ALL_KINDS
        for n in range(4)
    },
    **{
        f"a hundred flipped bits.{kind}": functools.partial(lambda kind: Damaged(flipped(kind, 9, 100)), kind)
        for kind in ALL_KINDS
    },
    **{
        f"flipped signature.{kind}": functools.partial(lambda kind: Bad(without_signature(kind), "not_an_image"), kind)
        for kind in ("png", "jpg", "webp", "gif", "bmp", "tiff")
    },
    "flipped header, whose checksum tells.png": lambda: Bad(
        whole("png").replace(b"IHDR\0\0\1\0", b"IHDR\0\0\1\1", 1), "broken_image"
    ),
    "noise.jpg": lambda: Bad(random.Random(0).randbytes(5000), "not_an_image"),
    "noise behind a header.jpg": lambda: Damaged(whole("jpg")[:700] + random.Random(1).randbytes(5000)),
    "noise behind a header.png": lambda: Bad(whole("png")[:45] + random.Random(2).randbytes(5000), "broken_image"),
    "text that begins like a bitmap.bmp": lambda: Bad(b"BMW is a maker of cars." * 9, "broken_image"),
}

ORIENTATION = (0x0112, written.SHORT, 1, 1)
# Each is EXIF as it stands in a file, without a byte that says how the picture is to be turned.
BROKEN_EXIF = {
    "empty": b"",
    "noise": random.Random(3).randbytes(500),
    "header alone": b"II*\0",
    "a directory beyond its end": b"II*\0" + struct.pack("<L", 4_000_000_000),
    "a directory that is its header": b"II*\0" + struct.pack("<L", 0),
    "a directory cut off": written.exif(ORIENTATION)[:15],
    "more entries than bytes": b"MM\0*" + struct.pack(">LH", 8, 65535) + bytes(40),
    "an orientation of 0": written.exif((0x0112, written.SHORT, 1, 0)),
    "an orientation of 9": written.exif((0x0112, written.SHORT, 1, 9)),
    "an orientation of 65535": written.exif((0x0112, written.SHORT, 1, 65535)),
    "an orientation in words": written.exif((0x0112, 2, 8, b"upright\0")),
    "an orientation of two numbers": written.exif((0x0112, written.SHORT, 2, 1 | 6 << 16)),
    "an orientation over zero": written.exif((0x0112, written.RATIONAL, 1, struct.pack("<LL", 6, 0))),
    "an orientation of a billion numbers": written.exif((0x0112, written.SHORT, 1_000_000_000, 8)),
    "an orientation of no type": written.exif((0x0112, 99, 1, 6)),
    "a directory within itself": written.exif((0x8769, written.LONG, 1, 8), ORIENTATION),
    "a resolution over zero": written.exif((0x011A, written.RATIONAL, 1, bytes(8)), (0x0128, written.SHORT, 1, 2)),
}


def jpeg() -> bytes:
    return encoded(gray(), "JPEG", quality=95)


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    """The reference, lossless, with these chunks around it."""
    pixels = encoded(gray(), "WEBP", lossless=True)[20:]
    flags = sum({b"EXIF": 8, b"ICCP": 32, b"XMP ": 4}.get(kind, 0) for kind, _ in chunks)
    canvas = struct.pack("<I", flags) + (SIZE - 1).to_bytes(3, "little") * 2
    before = [chunk for chunk in chunks if chunk[0] == b"ICCP"]
    after = [chunk for chunk in chunks if chunk[0] != b"ICCP"]
    return written.riff((b"VP8X", canvas), *before, (b"VP8L", pixels), *after)


AROUND_PIXELS: Files = {
    **{
        f"exif is {what}.jpg": functools.partial(
            lambda exif: Good(written.with_segments(jpeg(), written.exif_segment(exif)), LOSSY), exif
        )
        for what, exif in BROKEN_EXIF.items()
    },
    **{
        f"exif is {what}.png": functools.partial(
            lambda exif: Good(written.png(reference(), before=written.chunk(b"eXIf", exif))), exif
        )
        for what, exif in BROKEN_EXIF.items()
    },
    **{
        f"exif is {what}.webp": functools.partial(lambda exif: Good(webp((b"EXIF", exif))), exif)
        for what, exif in BROKEN_EXIF.items()
    },
    "exif is in no hexadecimal.png": lambda: Good(
        written.png(reference(), before=written.chunk(b"tEXt", b"Raw profile type exif\0\nexif\n8\nno hexadecimal"))
    ),
    "exif swells.png": lambda: Bad(
        written.png(reference(), before=written.compressed_text(b"Raw profile type exif", b"0" * 3_000_000)),
        "broken_image",
    ),
    "xmp swells.png": lambda: Bad(
        written.png(reference(), before=written.compressed_text(b"XML:com.adobe.xmp", b" " * 3_000_000)),
        "broken_image",
    ),
    "xmp is noise.jpg": lambda: Good(
        written.with_segments(
            jpeg(), written.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + random.Random(4).randbytes(999))
        ),
        LOSSY,
    ),
    "profile is noise.jpg": lambda: Good(encoded(gray(), "JPEG", quality=95, icc_profile=b"\1" * 999), LOSSY),
    "profile is cut off.jpg": lambda: Good(encoded(gray(), "JPEG", quality=95, icc_profile=profile()[:60]), LOSSY),
    "profile is part 9 of 3.jpg": lambda: Good(
        written.with_segments(jpeg(), written.segment(0xE2, b"ICC_PROFILE\0\x09\x03" + profile())), LOSSY
    ),
    "profile is of no length.jpg": lambda: Good(
        written.with_segments(jpeg(), written.segment(0xE2, b"ICC_PROFILE\0")), LOSSY
    ),
    "profile is no deflate.png": lambda: Good(
        written.png(reference(), before=written.chunk(b"iCCP", b"name\0\0" + b"\xff" * 99))
    ),
    "profile is of another method.png": lambda: Good(
        written.png(reference(), before=written.chunk(b"iCCP", b"name\0\7" + b"\xff" * 99))
    ),
    "profile has no name.png": lambda: Good(written.png(reference(), before=written.chunk(b"iCCP"))),
    "profile's checksum is wrong.png": lambda: Good(
        written.png(reference(), before=written.chunk(b"iCCP", b"name\0\0")[:-1] + b"\0")
    ),
    "profile is large.png": lambda: Good(encoded(gray(), "PNG", icc_profile=random.Random(5).randbytes(2_000_000))),
    "profile is noise.webp": lambda: Good(webp((b"ICCP", b"\1" * 999))),
    "profile is noise.tiff": lambda: Good(
        encoded(gray(), "TIFF", tiffinfo={34675: b"\1" * 999}),
    ),
    "description is noise.tiff": lambda: Good(encoded(gray(), "TIFF", tiffinfo={270: "\x00\x01" * 999})),
    "several pictures are promised.jpg": lambda: Good(
        written.with_segments(jpeg(), written.segment(0xE2, b"MPF\0" + random.Random(6).randbytes(99))), LOSSY
    ),
    "a preview is promised.jpg": lambda: Good(
        written.with_segments(jpeg(), written.segment(0xED, b"Photoshop 3.0\x008BIM" + b"\xff" * 99)), LOSSY
    ),
    "checksum of the pixels is wrong.png": lambda: Good(wrong_checksum()),
    "a chunk after the pixels is cut off.png": lambda: Good(written.png(reference())[:-6]),
    "16 bits, cut off.png": lambda: Bad(encoded(sixteen_bits(), "PNG")[:100], "broken_image"),
    "without pixels.jpg": lambda: Damaged(without_pixels()),
    "without pixels, of many.jpg": lambda: Damaged(without_pixels(7071)),
    "turned and cut off.jpg": lambda: Bad(turned(6, "JPEG", quality=95)[:-300], "broken_image"),
    "large and cut off.png": lambda: Bad(encoded(large(), "PNG")[:1000], "broken_image"),
}


def without_pixels(side: int = SIZE) -> bytes:
    """A JPEG that ends where its one scan begins: libjpeg warns, and takes it for gray."""
    data = encoded(Image.new("RGB", (side, side)), "JPEG")
    scan = data.index(b"\xff\xda")
    return data[: scan + 2 + int.from_bytes(data[scan + 2 : scan + 4])] + b"\xff\xd9"


def wrong_checksum() -> bytes:
    data = bytearray(written.png(reference()))
    data[-13] ^= 1
    return bytes(data)


DAMAGED: Files = {**CUT, **CUT_IN_THE_HEADER, **FLIPPED, **AROUND_PIXELS}

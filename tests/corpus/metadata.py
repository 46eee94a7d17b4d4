"""Files with broken metadata: EXIF, XMP, color profiles and comments. The pictures themselves are intact."""

import random
import struct
from functools import partial

from tests.corpus import written
from tests.corpus.pictures import LOSSY, SIZE, Bad, Files, Good, encoded, gray, profile, reference

ORIENTATION = (0x0112, written.SHORT, 1, 1)
# EXIF data that has no valid orientation.
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


BROKEN_METADATA: Files = {
    **{
        f"exif is {what}.jpg": partial(
            lambda exif: Good(written.with_segments(jpeg(), written.exif_segment(exif)), LOSSY), exif
        )
        for what, exif in BROKEN_EXIF.items()
    },
    **{
        f"exif is {what}.png": partial(
            lambda exif: Good(written.png(reference(), before=written.chunk(b"eXIf", exif))), exif
        )
        for what, exif in BROKEN_EXIF.items()
    },
    **{
        f"exif is {what}.webp": partial(lambda exif: Good(webp((b"EXIF", exif))), exif)
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
}

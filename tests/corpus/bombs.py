"""Small files that could cost much time or memory to read."""

import struct
import zlib

from PIL import Image

from tests.corpus import written
from tests.corpus.oversized import LARGEST, OVERSIZED
from tests.corpus.pictures import LOSSY, SIZE, Bad, Files, Good, encoded, flat, gray, reference
from tests.corpus.written import LIMIT, LONG, RATIONAL, SHORT, UNDEFINED, chunk, repeated, segment


def png_pixels() -> bytes:
    return chunk(b"IDAT", zlib.compress(written.scanlines(reference()[..., None], 8)))


def png_with(part: bytes) -> bytes:
    """A PNG of 16 MiB. One chunk is repeated before its pixels."""
    return repeated(part, written.png_header(SIZE, SIZE), png_pixels() + chunk(b"IEND"))


def jpeg() -> bytes:
    return encoded(gray(), "JPEG", quality=95)


def jpeg_with(part: bytes) -> bytes:
    """A JPEG of 16 MiB. One segment is repeated before its pixels."""
    return repeated(part, jpeg()[:2], jpeg()[2:])


def scan_after_scan(side: int, scans: int, empty: bool = False) -> bytes:
    """A progressive JPEG whose last scan, or only its header, is repeated."""
    data = encoded(Image.new("L", (side, side), 99), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last[: 10 if empty else None] * scans + b"\xff\xd9"


def exif_with(*entries: written.Tag) -> bytes:
    """A WebP with EXIF data, which may have any size there."""
    exif = written.exif(*entries)
    pixels = encoded(gray(), "WEBP", lossless=True)[20:]
    canvas = struct.pack("<I", 8) + (SIZE - 1).to_bytes(3, "little") * 2
    return written.riff((b"VP8X", canvas), (b"VP8L", pixels), (b"EXIF", exif))


def webp_frames(count: int) -> bytes:
    pixels = encoded(gray(), "WEBP", lossless=True)[12:]
    canvas = struct.pack("<I", 2) + (SIZE - 1).to_bytes(3, "little") * 2
    frame = bytes(6) + (SIZE - 1).to_bytes(3, "little") * 2 + bytes(4) + pixels
    return written.riff((b"VP8X", canvas), (b"ANIM", bytes(6)), *[(b"ANMF", frame)] * count)


def gif_with(part: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    """A GIF of 16 MiB. One block is repeated before its first frame."""
    frame = written.gif_frame(reference())
    return repeated(part, written.gif(SIZE, SIZE)[:-1] + before, after + frame + b";")


def tiff_strips(count: int, height: int = 20) -> bytes:
    """A TIFF with `count` rows, each with its own strip. All strips point to the same bytes."""
    offsets = struct.pack("<L", 8) * count
    more: list[written.Tag] = [(273, LONG, count, offsets), (278, LONG, 1, 1), (279, LONG, 1, height)]
    return written.tiff(written.tags(height, count, 0, 8, 1, 1, 1, *more), bytes(height))


def tiff_with(*more: written.Tag, data: bytes = b"") -> bytes:
    pixels = reference().tobytes()
    return written.tiff(written.tags(SIZE, SIZE, len(pixels), 8, 1, 1, 1, *more), pixels + data)


def big_tiff_with_entries(count: int) -> bytes:
    """A BigTIFF, whose directory may have any number of entries."""
    entries = b"".join(
        struct.pack("<HHQQ", number, kind, values, value)
        for number, kind, values, value in written.tags(SIZE, SIZE, SIZE * SIZE)
        if isinstance(value, int)
    )
    of_no_type = struct.pack("<HHQQ", 50_000, 99, 1, 0) * count
    size = 16 + 8 + len(entries) + len(of_no_type) + 8
    entries = entries.replace(struct.pack("<HHQQ", 273, LONG, 1, 8), struct.pack("<HHQQ", 273, LONG, 1, size))
    head = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, count + len(entries) // 20)
    return head + entries + of_no_type + bytes(8) + reference().tobytes()


def run_length_encoded(width: int, height: int, data: bytes, bits: int = 8) -> bytes:
    palette = written.gray_palette(1 << bits)
    return written.bmp(width, height, bits, data + b"\0\1", 1 if bits == 8 else 2, palette)


def rationals(count: int) -> bytes:
    return struct.pack("<LL", 1, 7) * count


A_MEGABYTE = zlib.compress(bytes(1 << 20), 9)
AMOUNTS: Files = {
    "pixels without end.png": lambda: Good(
        written.png_header(SIZE, SIZE)
        + chunk(b"IDAT", written.endless(written.scanlines(reference()[..., None], 8)))
        + chunk(b"IEND")
    ),
    "profiles that swell.png": lambda: Good(png_with(chunk(b"iCCP", b"x\0\0" + A_MEGABYTE))),
    "a profile of 16 gigabytes.png": lambda: Good(
        written.png(reference(), before=chunk(b"iCCP", b"x\0\0" + written.endless()))
    ),
    "texts that swell.png": lambda: Good(png_with(chunk(b"zTXt", b"x\0\0" + A_MEGABYTE))),
    "international texts that swell.png": lambda: Good(png_with(chunk(b"iTXt", b"x\0\1\0\0\0" + A_MEGABYTE))),
    "exif that swells.png": lambda: Bad(
        png_with(chunk(b"zTXt", b"Raw profile type exif\0\0" + A_MEGABYTE)), "broken_image"
    ),
    "a text of 16 MB.png": lambda: Good(
        written.png(reference(), before=chunk(b"tEXt", b"XML:com.adobe.xmp\0" + b"<tiff:Orientation>" * 900_000))
    ),
    "empty chunks.png": lambda: Bad(png_with(chunk(b"abCd")), "too_complex"),
    "empty texts.png": lambda: Bad(png_with(chunk(b"tEXt", b"x\0")), "too_complex"),
    "empty pixels.png": lambda: Bad(png_with(chunk(b"IDAT")), "too_complex"),
    "frames.png": lambda: Bad(png_with(chunk(b"fcTL", bytes(26))), "too_complex"),
    "orientation of two million fractions.png": lambda: Good(
        written.png(
            reference(), before=chunk(b"eXIf", written.exif((0x0112, RATIONAL, 2_000_000, rationals(2_000_000))))
        )
    ),
    "junk.jpg": lambda: Good(repeated(b"\0", jpeg()[:2] + segment(0xFE, b""), jpeg()[2:]), LOSSY),
    "fill bytes.jpg": lambda: Good(jpeg_with(b"\xff"), LOSSY),
    "empty segments.jpg": lambda: Bad(jpeg_with(segment(0xE5, b"")), "too_complex"),
    "many segments.jpg": lambda: Bad(written.with_segments(jpeg(), segment(0xE5, b"") * 6_000), "too_complex"),
    "comments.jpg": lambda: Bad(jpeg_with(segment(0xFE, b"x")), "too_complex"),
    "starts.jpg": lambda: Bad(jpeg_with(b"\xff\xd8"), "too_complex"),
    "exif after exif.jpg": lambda: Bad(jpeg_with(written.exif_segment(b"II")), "too_complex"),
    "large exif after exif.jpg": lambda: Good(jpeg_with(written.exif_segment(bytes(60_000))), LOSSY),
    "profiles.jpg": lambda: Good(jpeg_with(segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(60_000))), LOSSY),
    "tables.jpg": lambda: Bad(jpeg_with(segment(0xDB, (b"\0" + b"\1" * 64) * 1000)), "too_complex"),
    "resolution of many fractions.jpg": lambda: Good(
        written.with_segments(
            encoded(gray(), "JPEG", quality=95, dpi=(0, 0)),
            written.exif_segment(written.exif((0x011A, RATIONAL, 8000, rationals(8000)), (0x0128, SHORT, 1, 2))),
        ),
        LOSSY,
    ),
    "scan after scan.jpg": lambda: Bad(scan_after_scan(LARGEST, 2_000), "too_complex"),
    "empty scan after scan.jpg": lambda: Bad(scan_after_scan(LARGEST, 100_000, True), "too_complex"),
    "as many scans as pass.jpg": lambda: Good(scan_after_scan(LARGEST, 18), 1, flat(99)),
    "frames.webp": lambda: Good(webp_frames(LIMIT // 200)),
    "chunks.webp": lambda: Good(
        written.riff(
            (b"VP8X", bytes(4) + (SIZE - 1).to_bytes(3, "little") * 2),
            *[(b"abcd", b"")] * 1_000_000,
            (b"VP8L", encoded(gray(), "WEBP", lossless=True)[20:]),
        )
    ),
    "orientation of two million fractions.webp": lambda: Good(
        exif_with((0x0112, RATIONAL, 2_000_000, rationals(2_000_000)))
    ),
    "orientation of five million numbers.webp": lambda: Good(exif_with((0x0112, SHORT, 5_000_000, bytes(10_000_000)))),
    "comment.gif": lambda: Bad(gif_with(b"\2ab", b"!\xfe", b"\0"), "too_complex"),
    "comments.gif": lambda: Bad(gif_with(b"!\xfe\1a\0"), "too_complex"),
    "application's blocks.gif": lambda: Bad(gif_with(b"\1a", b"!\xff\x0bNETSCAPE2.0", b"\0"), "too_complex"),
    "empty extensions.gif": lambda: Bad(gif_with(b"!\1\1a\0"), "too_complex"),
    "junk.gif": lambda: Bad(gif_with(b"\0"), "too_complex"),
    "frames.gif": lambda: Good(
        repeated(written.gif_frame(flat(0)[:1, :1]), written.gif(SIZE, SIZE, written.gif_frame(reference()))[:-1], b";")
    ),
    "rows that end at once.bmp": lambda: Bad(
        run_length_encoded(LARGEST, LARGEST, b"\1\5\0\0" * LARGEST), "too_complex"
    ),
    "as many runs as pass.bmp": lambda: Good(run_length_encoded(700, 700, (b"\1\5" * 700 + b"\0\0") * 700), 0, flat(5)),
    "as many rows that end at once as pass.bmp": lambda: Good(
        run_length_encoded(1900, 1900, b"\1\0\0\0" * 1900), 0, flat(0)
    ),
    "runs of one pixel.bmp": lambda: Bad(
        repeated(b"\1\5", run_length_encoded(LARGEST, LARGEST, b"")[:-2], b"\0\1"), "too_complex"
    ),
    "runs of no pixel.bmp": lambda: Bad(run_length_encoded(SIZE, SIZE, b"\0\2\0\0" * 900_000), "too_complex"),
    "runs in four bits.bmp": lambda: Bad(run_length_encoded(LARGEST, LARGEST, b"\xff\x35" * 200_000, 4), "too_complex"),
    "a palette of four billion colors.bmp": lambda: Bad(
        written.bmp(SIZE, SIZE, 8, bytes(SIZE * SIZE), colors=2**32 - 1), "broken_image"
    ),
    "as many entries as pass.tiff": lambda: Good(big_tiff_with_entries(65_000)),
    "strips.tiff": lambda: Bad(tiff_strips(2_000_000), "too_complex"),
    "as many strips as pass.tiff": lambda: Good(tiff_strips(65_536), 0, flat(0)),
    "fractions.tiff": lambda: Bad(tiff_with((282, RATIONAL, 2_000_000, rationals(2_000_000))), "too_complex"),
    "bits of no sample.tiff": lambda: Bad(tiff_with((258, SHORT, 4_000_000, bytes(8_000_000))), "too_complex"),
    "entries.tiff": lambda: Good(tiff_with(*[(number, SHORT, 1, 1) for number in range(1_000, 30_000)])),
    "entries beyond 16 bits.tiff": lambda: Bad(big_tiff_with_entries(800_000), "too_complex"),
    "fractions in a directory of EXIF's.tiff": lambda: Good(tiff_with_directory()),
    "a profile of 15 MB.tiff": lambda: Good(tiff_with((34675, UNDEFINED, 15_000_000, bytes(15_000_000)))),
    "a description of 15 MB.tiff": lambda: Good(tiff_with((270, 2, 15_000_000, b"x" * 15_000_000))),
}


def tiff_with_directory() -> bytes:
    """A TIFF whose EXIF directory has a tag with two million fractions. Both are stored after the pixels."""
    pixels = SIZE * SIZE
    directory = struct.pack("<H", 1) + struct.pack("<HHLL", 0x829A, RATIONAL, 2_000_000, 8 + pixels + 18) + bytes(4)
    return tiff_with((0x8769, LONG, 1, 8 + pixels), data=directory + rationals(2_000_000))


BOMBS: Files = {**OVERSIZED, **AMOUNTS}

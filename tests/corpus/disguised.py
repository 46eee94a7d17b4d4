"""Files with the name of another format, and files that are valid in two formats."""

import io
import zipfile
from functools import partial

from PIL import Image

from tests.corpus import written
from tests.corpus.kinds import turned
from tests.corpus.pictures import LOSSY, SIZE, Bad, Files, Good, encoded, gray, reference


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr(zipfile.ZipInfo("run.py"), "print('no image')")
    return file.getvalue()


def content(kind: str) -> Good:
    match kind:
        case "JPEG":
            return Good(encoded(gray(), "JPEG", quality=95), LOSSY)
        case "WEBP":
            return Good(encoded(gray(), "WEBP", lossless=True))
    return Good(encoded(gray(), kind))


def in_pdf(jpeg: bytes) -> bytes:
    size = f"/Width {SIZE} /Height {SIZE} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode"
    head = f"%PDF-1.4\n1 0 obj <</Type /XObject /Subtype /Image {size} /Length {len(jpeg)}>>\nstream\n"
    return head.encode() + jpeg + b"\nendstream endobj\n%%EOF"


KINDS_AND_NAMES = {
    "PNG": ("jpg", "gif", "txt", "exe"),
    "JPEG": ("png", "webp", "pdf", "JPG.png"),
    "GIF": ("bmp", "jpeg", "html"),
    "BMP": ("tiff", "png", "bin"),
    "TIFF": ("webp", "jpg", "dng"),
    "WEBP": ("jpg", "png", "avi"),
}
WRONG_NAMES: Files = {
    f"{kind.lower()} by content.{name}": partial(lambda kind: content(kind), kind)
    for kind, names in KINDS_AND_NAMES.items()
    for name in names
}
POLYGLOTS: Files = {
    "picture, then an archive.png": lambda: Good(encoded(gray(), "PNG") + archive()),
    "picture, then an archive.jpg": lambda: Good(encoded(gray(), "JPEG", quality=95) + archive(), LOSSY),
    "picture, then an archive.gif": lambda: Good(encoded(gray(), "GIF") + archive()),
    "picture, then an archive.bmp": lambda: Good(encoded(gray(), "BMP") + archive()),
    "picture, then an archive.tiff": lambda: Good(encoded(gray(), "TIFF") + archive()),
    "picture, then an archive.webp": lambda: Good(encoded(gray(), "WEBP", lossless=True) + archive()),
    "picture, then another.png": lambda: Good(encoded(gray(), "PNG") + turned(3, "JPEG")),
    "picture, then another.jpg": lambda: Good(
        encoded(gray(), "JPEG", quality=95) + encoded(Image.new("L", (9, 9)), "PNG"), LOSSY
    ),
    "picture, then a program.jpg": lambda: Good(
        encoded(gray(), "JPEG", quality=95) + b"<?php system($_GET[0]); ?>", LOSSY
    ),
    "page in a comment.jpg": lambda: Good(
        encoded(gray(), "JPEG", quality=95, comment=b"--><script>alert(1)</script><!--"), LOSSY
    ),
    "page in a text.png": lambda: Good(
        written.png(reference(), before=written.chunk(b"tEXt", b"Comment\0<script>alert(1)</script>"))
    ),
    "program among the tables.jpg": lambda: Good(
        written.with_segments(encoded(gray(), "JPEG", quality=95), written.segment(0xE9, b"MZ" + bytes(999))), LOSSY
    ),
    "picture in an unknown chunk.png": lambda: Good(
        written.png(reference(), before=written.chunk(b"prVt", encoded(Image.new("L", (48, 48)), "JPEG")))
    ),
    "comment with a picture.gif": lambda: Good(
        written.gif(SIZE, SIZE, b"!\xfe\x30" + b"\x89PNG\r\n\x1a\n" * 6 + b"\0", written.gif_frame(reference()))
    ),
    "archive, then a picture.png": lambda: Bad(archive() + encoded(gray(), "PNG"), "not_an_image"),
    "page, then a picture.jpg": lambda: Bad(b"<html>" + encoded(gray(), "JPEG"), "not_an_image"),
    "program, then a picture.png": lambda: Bad(b"MZ" + bytes(62) + encoded(gray(), "PNG"), "not_an_image"),
    "tape, then a picture.png": lambda: Bad(b"face.png".ljust(512, b"\0") + encoded(gray(), "PNG"), "not_an_image"),
    "blank, then a picture.png": lambda: Bad(b"\n" + encoded(gray(), "PNG"), "not_an_image"),
    "picture in a document.pdf": lambda: Bad(in_pdf(encoded(gray(), "JPEG")), "not_an_image"),
    "postscript.jpg": lambda: Bad(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 48 48\n(x) run", "not_an_image"),
    "script that begins as an image.gif": lambda: Bad(b"GIF89a/*" + bytes(9) + b"*/=1;alert(1);", "broken_image"),
    "sound.webp": lambda: Bad(b"RIFF\x24\0\0\0WAVEfmt " + bytes(40), "not_an_image"),
    "vector.tiff": lambda: Bad(b"II*\0 this is prose, and no directory", "broken_image"),
}
DISGUISED: Files = {**WRONG_NAMES, **POLYGLOTS}

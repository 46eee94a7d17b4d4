"""Decodes a JPEG, and reports if pixels are missing. An image is not rejected because its end marker is missing.

libjpeg never reports missing pixels: at an end marker, it fills the rest of the image with gray. Without the marker, it
waits for more bytes, even if it has all that it needs. So the marker is withheld here, and a few bytes follow the last
scan instead. Then libjpeg waits only if pixels are missing.

If the image has several scans, for example in a progressive file, libjpeg always waits for the next one. It skips bytes
between two scans, but not within a scan.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from PIL import Image, ImageFile

from mien.logic.bombs import START_OF_SCAN, Segment, next_segment

# The name under which Pillow finds the decoder.
DECODER = "complete_jpeg"

END = b"\xff\xd9"
# libjpeg reads at most 8 bytes ahead. Within a scan, FF 00 means a byte of ones. No Huffman code has only ones, so
# libjpeg makes at most two blocks of 8x8 pixels of them.
# Source: ITU-T T.81, B.1.1.5 and C.2.
READ_AHEAD = b"\xff\x00" * 8
# A byte that is skipped between scans. Within a scan it is too little for a next step.
PROBE = b"\x00"

# Markers of frames: C0 to CF, except tables of Huffman codes (C4), an extension (C8) and arithmetic coding (CC).
# Source: ITU-T T.81, table B.1.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
ARITHMETIC_FRAMES = range(0xC9, 0xD0)
PROGRESSIVE_FRAMES = (0xC2, 0xC6)
RESTART_INTERVAL = 0xDD
COEFFICIENTS = range(64)


class CompleteJpegDecoder(ImageFile.PyDecoder):
    """Pillow's decoder of JPEGs, which raises OSError if pixels are missing.

    The file must end where the image ends, with or without the end marker.
    """

    # Pillow passes the file itself instead of blocks of it.
    _pulls_fd = True

    def decode(self, buffer: Any) -> tuple[int, int]:
        """Returns -1 for "finished", and the decoder's error code."""
        assert self.fd is not None
        decoder = Image.core.jpeg_decoder(self.mode, *self.args)  # type: ignore[attr-defined] # Not in Pillow's types.
        try:
            decoder.setimage(self.im, self.state.extents())
            return -1, decode_all(decoder, self.fd.read())
        finally:
            decoder.cleanup()


Image.register_decoder(DECODER, CompleteJpegDecoder)


def decode_all(decoder: Any, data: bytes) -> int:
    """Feeds a file to libjpeg. Returns its error code, 0 for none. Raises OSError if pixels are missing."""
    header = read_header(data)
    has_end = data.endswith(END)
    if header.is_arithmetic:
        # libjpeg can't wait while it reads arithmetic codes. Missing pixels are noticed only without the end marker.
        return finish(decoder, data)
    scans = memoryview(data)[: len(data) - len(END)] if has_end else memoryview(data)
    used, error = decoder.decode(scans)
    if used < 0:
        return int(error)
    rest = bytes(scans[used:]) + READ_AHEAD
    used, error = decoder.decode(rest)
    if used < 0:
        return int(error)
    is_between_scans = used == len(rest) and decoder.decode(PROBE)[0] == len(PROBE)
    if header.has_one_scan or not is_between_scans or not has_all_scans(data, has_end):
        raise OSError("The JPEG ends before its pixels are complete.")
    return finish(decoder, END)


def finish(decoder: Any, data: bytes) -> int:
    """As `decode_all`, for the bytes with which the decoder must become finished."""
    used, error = decoder.decode(data)
    if used >= 0:
        raise OSError("The JPEG ends before its last scan does.")
    return int(error)


class Header(NamedTuple):
    """What the segments before the first scan say about the scans."""

    is_arithmetic: bool
    has_one_scan: bool


def read_header(data: bytes) -> Header:
    """Raises OSError if there is no scan, or no frame before it."""
    frame = None
    for segment in segments(data):
        if segment.marker in FRAMES:
            frame = segment
        elif segment.marker == START_OF_SCAN and frame:
            has_one_scan = frame.marker not in PROGRESSIVE_FRAMES and len(components(data, frame)) == len(
                components(data, segment)
            )
            return Header(frame.marker in ARITHMETIC_FRAMES, has_one_scan)
    raise OSError("The JPEG has no scan.")


def has_all_scans(data: bytes, has_end: bool) -> bool:
    """Returns whether the scans contain all bits of all coefficients, as all known encoders write them.

    has_end: whether the file has its end marker. Without it, files with restart markers are refused: libjpeg also
        skips bytes before a restart marker, so the probe shows nothing.
    """
    missing: dict[int, set[int]] = {}
    for segment in segments(data):
        if segment.marker == RESTART_INTERVAL and not has_end:
            return False
        if segment.marker in FRAMES:
            missing = {component: set(COEFFICIENTS) for component in components(data, segment)}
        elif segment.marker == START_OF_SCAN:
            # The last three bytes: the first and the last coefficient, and two numbers of four bits. The second one
            # counts the low bits that a later scan adds.
            first, last, bits = data[segment.end - 3 : segment.end].ljust(3, b"\xff")
            for component in components(data, segment):
                if bits % 16 == 0 and component in missing:
                    missing[component] -= set(range(first, last + 1))
    return bool(missing) and not any(missing.values())


def components(data: bytes, segment: Segment) -> bytes:
    """Returns the numbers of the components in a frame or a scan, one per byte. Source: ITU-T T.81, B.2.2 and B.2.3."""
    content = data[segment.start + 4 : segment.end]
    if segment.marker == START_OF_SCAN:
        # A count, then two bytes per component. Three bytes follow.
        return content[1:-3:2]
    # Precision, height and width, and a count. Then three bytes per component.
    return content[6::3]


def segments(data: bytes) -> Iterator[Segment]:
    at = 0
    while segment := next_segment(data, at):
        yield segment
        at = segment.end

"""WebP files whose last bytes are missing: repaired if the pixels are complete.

libwebp rejects a file that is shorter than the size in its header, even if only a byte of padding is missing. Other
programs show such files.

Source: RFC 9649, "WebP Image Format", section 2.
"""

# "RIFF", the size of all that follows, and "WEBP".
HEADER_BYTES = 12
SIZE_OFFSET = 8
# A name and the size of the content.
CHUNK_HEADER_BYTES = 8
# The chunks that hold pixels: lossy, lossless, and a frame of an animation.
PIXELS = (b"VP8 ", b"VP8L", b"ANMF")
# An image has at most a dozen chunks, and an animation one for each frame.
MAX_CHUNKS = 10_000


def is_webp(data: bytes) -> bool:
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def restore_end(data: bytes) -> bytes:
    """Returns a file with the right size in its header, up to the last complete chunk.

    A file that is long enough stays unchanged, and so does one without a complete chunk of pixels: the decoder reports
    it.
    """
    size = int.from_bytes(data[4:SIZE_OFFSET], "little")
    if SIZE_OFFSET + size <= len(data):
        return data
    end = HEADER_BYTES
    has_pixels = False
    for _ in range(MAX_CHUNKS):
        content_end = end + CHUNK_HEADER_BYTES + int.from_bytes(data[end + 4 : end + CHUNK_HEADER_BYTES], "little")
        if end + CHUNK_HEADER_BYTES > len(data) or content_end > len(data):
            break
        has_pixels = has_pixels or data[end : end + 4] in PIXELS
        # The next chunk begins at an even position.
        end = content_end + content_end % 2
    if not has_pixels:
        return data
    return b"RIFF" + (end - SIZE_OFFSET).to_bytes(4, "little") + data[SIZE_OFFSET:end].ljust(end - SIZE_OFFSET, b"\0")

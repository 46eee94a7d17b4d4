"""Whether an alpha channel is opacity, and whether an image shows anything.

Large images are read in strips, so that no second copy exists.
"""

from PIL import Image, ImageChops, ImageFile

from mien.logic.tags import tiff_tag

# Pixels of a strip.
STRIP_PIXELS = 2_000_000
# The backdrop of transparent pixels.
MID_GRAY = 128
ALPHA_MODES = ("PA", "LA", "La", "RGBA", "RGBa", "RGBX")
# Values of the tag ExtraSamples for opacity. Source: "TIFF 6.0", section 18.
TIFF_EXTRA_SAMPLES = 0x0152
ALPHA_IN_TIFF = (1, 2)


def is_opacity_declared(image: ImageFile.ImageFile) -> bool:
    """Returns whether the alpha channel is opacity for certain, or there is none.

    The fourth byte of a BMP's pixels, and the fourth sample of a TIFF without ExtraSamples, may be unused. Pillow reads
    both as an alpha channel.
    """
    if image.format == "BMP":
        return image.mode != "RGBA"
    if image.format == "TIFF" and image.mode == "RGBA":
        extra_samples = tiff_tag(image, TIFF_EXTRA_SAMPLES)
        return isinstance(extra_samples, tuple) and extra_samples[0] in ALPHA_IN_TIFF
    return True


def has_visible_pixel(image: ImageFile.ImageFile, box: tuple[int, int, int, int]) -> bool:
    """Returns whether a part of an image has a pixel that is not wholly transparent.

    box: left, top, right and bottom. It is read from the top to the first strip with such a pixel.
    """
    left, top, right, bottom = box
    rows = max(1, STRIP_PIXELS // (right - left))
    return any(
        is_visible(image.crop((left, row, right, min(bottom, row + rows))), image) for row in range(top, bottom, rows)
    )


def is_visible(strip: Image.Image, image: ImageFile.ImageFile) -> bool:
    """Returns whether a strip of an image has a pixel that is not wholly transparent."""
    if not has_alpha(strip, image):
        return True
    if strip.mode.startswith("I;16"):
        lowest, _ = transparency_mask(strip, image.info["transparency"]).getextrema()
        return lowest == 0
    _, highest = strip.convert("RGBA").getchannel("A").getextrema()
    return highest != 0


def has_alpha(strip: Image.Image, image: ImageFile.ImageFile) -> bool:
    """Returns whether a strip of an image has an alpha channel, or the image has a transparent color."""
    return strip.mode in ALPHA_MODES or (strip.mode != "HSV" and "transparency" in image.info)


def is_mid_gray(image: Image.Image) -> bool:
    """Returns whether all pixels are as gray as the backdrop of transparent ones. image: L or RGB."""
    return image.getextrema() in ((MID_GRAY, MID_GRAY), ((MID_GRAY, MID_GRAY),) * 3)


def transparency_mask(strip: Image.Image, transparent: int) -> Image.Image:
    """Returns 255 for each pixel of a 16-bit strip that has the transparent value, and 0 for all others."""
    high, low = divmod(transparent, 256)
    # Each 16-bit pixel is two bytes, the lower one first, which Pillow can read as two channels.
    low_bytes, high_bytes = Image.frombytes("LA", strip.size, strip.tobytes()).split()
    return ImageChops.multiply(low_bytes.point(only(low)), high_bytes.point(only(high)))


def only(level: int) -> list[int]:
    """Returns a lookup table that maps one level to 255 and all others to 0."""
    return [255 if value == level else 0 for value in range(256)]

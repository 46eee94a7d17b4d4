"""Reads the tags of a TIFF that Pillow has opened."""

from typing import Any

from PIL import Image


def tiff_tag(image: Image.Image, tag: int) -> Any:
    """Returns the value of a tag, or None if it is missing or the image is not a TIFF."""
    return getattr(image, "tag_v2", {}).get(tag)

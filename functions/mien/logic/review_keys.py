"""Object keys of reviews: `reviews/<name of the image>/<number of the face>.<reviewer>.json`."""

from urllib.parse import quote

from mien.logic.results import MAX_KEY_BYTES, shorten

# Bytes of a reviewer in a key. A longer one is cut, and its digest keeps it unique.
MAX_REVIEWER_BYTES = 192
# Bytes of what comes before the slash. The rest is for the longest name of a file: a slash, three digits and a dot,
# the reviewer, and `.json`.
MAX_FOLDER_BYTES = MAX_KEY_BYTES - len("/100.") - MAX_REVIEWER_BYTES - len(".json")


def review_key(image_key: str, face: int, reviewer: str, inbox_prefix: str, prefix: str) -> str:
    """Returns the object key of a review: the first face of `inbox/a/b.png` by Ann → `reviews/a/b.png/1.Ann.json`.

    face: number of the face.
    prefix: the prefix of the reviews, such as `reviews/`.
    """
    return f"{review_folder(image_key, inbox_prefix, prefix)}{face}.{encode_reviewer(reviewer)}.json"


def review_folder(image_key: str, inbox_prefix: str, prefix: str) -> str:
    """Returns what the keys of all reviews of an image begin with; it ends in a slash.

    No slash follows in a review of this image. In a review of an image whose name begins with this image's name and a
    slash, one does.
    """
    name = image_key.removeprefix(inbox_prefix)
    return f"{prefix}{shorten(name, MAX_FOLDER_BYTES - len(prefix.encode()))}/"


def encode_reviewer(reviewer: str) -> str:
    """Returns a reviewer as a part of a key: letters of ASCII, digits and `_.-`, all else percent-encoded.

    `~` is encoded too, because it marks names that were cut.
    """
    return shorten(quote(reviewer, safe="").replace("~", "%7E"), MAX_REVIEWER_BYTES)

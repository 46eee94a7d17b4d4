"""Where a stack holds something about images, and which images a command selects."""

import json
from dataclasses import dataclass

from operate.dead_letters import DeadLetter
from operate.stack import OperateError


@dataclass(frozen=True)
class Stack:
    """The parts of a stack that hold something about images.

    inbox, results, rejected, reviews: key prefixes, each with a slash at its end.
    dead_letters: URL of the dead-letter queue.
    has_lines: whether new results are stored as lines. If not, there can still be older ones.
    """

    bucket: str
    inbox: str
    results: str
    rejected: str
    reviews: str
    dead_letters: str
    has_lines: bool = False

    @staticmethod
    def from_outputs(outputs: dict[str, str]) -> "Stack":
        """Raises OperateError if an earlier version of Mien has deployed the stack."""
        if "Reviews" not in outputs:
            raise OperateError("the stack has no output Reviews; deploy this version of Mien first")
        bucket = outputs["BucketName"]
        inbox, results, rejected, reviews = (
            outputs[name].removeprefix(f"s3://{bucket}/") for name in ("Inbox", "Results", "Rejected", "Reviews")
        )
        # Earlier versions have no such output, and no lines.
        has_lines = outputs.get("ResultFormat") == "lines"
        return Stack(bucket, inbox, results, rejected, reviews, outputs["DeadLetterQueueUrl"], has_lines)


@dataclass(frozen=True)
class Selection:
    """The images to erase.

    name: below the inbox. A name that ends in a slash is a folder with all that is in it, the empty name is the whole
        inbox, and every other name is one image.
    """

    stack: Stack
    name: str

    @property
    def is_everything(self) -> bool:
        return self.name == ""

    @property
    def is_folder(self) -> bool:
        return self.is_everything or self.name.endswith("/")

    @property
    def kind(self) -> str:
        """What the selection is, in one word for the report."""
        return ("folder" if self.name else "inbox") if self.is_folder else "image"

    @property
    def key(self) -> str:
        """The object key of the image, or what the keys of all images begin with."""
        return self.stack.inbox + self.name

    def includes(self, key: str) -> bool:
        """Whether an object key is the one of a selected image."""
        return key.startswith(self.key) if self.is_folder else key == self.key

    def has_cut(self, key: str) -> bool:
        """Whether the key of a document or a review has not the whole name, because the name is too long for a key."""
        prefixes = (self.stack.inbox, self.stack.results, self.stack.rejected, self.stack.reviews)
        return self.is_folder and not key.startswith(tuple(prefix + self.name for prefix in prefixes))

    def is_about(self, letter: DeadLetter) -> bool:
        """Whether a dead letter is about selected images."""
        return any(self.includes(key) for key in letter.images)

    def is_only_about(self, letter: DeadLetter) -> bool:
        return bool(letter.images) and all(self.includes(key) for key in letter.images)


def image_key(document: bytes) -> str:
    """The object key of the image of a document, a line or a review; empty if it is none of them."""
    try:
        key = json.loads(document)["image"]["key"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return ""
    return key if isinstance(key, str) else ""

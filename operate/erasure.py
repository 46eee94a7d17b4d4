"""Erases images from a stack: all their versions, their documents, lines and reviews, and the dead letters about them.

Messages that wait in the inbox's queue are not touched, because SQS can't search them. An upload does nothing when it
arrives: its image is gone. A removal neither, unless the stack stores lines: then it gets a line.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mien.logic.lines import is_lines_key
from mien.logic.results import MAX_KEY_BYTES, document_key
from mien.logic.review_keys import review_folder
from operate import dead_letters, lines
from operate.lines import ALL_HOURS, Hours, LineCount
from operate.selection import Selection, image_key
from operate.versions import Count, Version, delete_versions, list_versions, list_versions_of

# Characters of the digest at the end of a name that was cut (results.shorten).
DIGEST = len("~") + 64

# Failures that are kept with their names. The others are counted.
MAX_EXAMPLES = 10

# boto3 clients have no types.
S3 = Any
Sqs = Any


@dataclass
class Contents:
    """What there is about the selected images. dead_letters: number of messages."""

    images: Count = field(default_factory=Count)
    documents: Count = field(default_factory=Count)
    reviews: Count = field(default_factory=Count)
    lines: LineCount = field(default_factory=LineCount)
    dead_letters: int = 0

    @property
    def versions(self) -> int:
        """Number of versions and delete markers that are only about these images."""
        return self.images.total + self.documents.total + self.reviews.total

    @property
    def total(self) -> int:
        return self.versions + self.lines.objects + self.dead_letters


@dataclass
class Outcome:
    """What an erasure has done so far.

    failures: number of versions and messages that could not be deleted, for each error code of AWS.
    examples: the first of them, each with its object key and the error code.
    """

    deleted: Contents = field(default_factory=Contents)
    failures: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, str]] = field(default_factory=list)

    def add_failures(self, failures: Iterable[tuple[str, str]]) -> None:
        for name, reason in failures:
            self.failures[reason] += 1
            if len(self.examples) < MAX_EXAMPLES:
                self.examples.append((name, reason))


def list_images(s3: S3, selection: Selection) -> Iterator[list[Version]]:
    listing = list_versions if selection.is_folder else list_versions_of
    return listing(s3, selection.stack.bucket, selection.key)


def list_documents(s3: S3, selection: Selection) -> Iterator[list[Version]]:
    """Yields the versions of the documents of the selected images, also of images that were deleted before.

    If these are all images, objects of lines are among them: nothing in these is to be kept.
    """
    stack = selection.stack
    for prefix in (stack.results, stack.rejected):
        if selection.is_folder:
            cut = document_key(selection.key + "x" * MAX_KEY_BYTES, stack.inbox, prefix).removesuffix(".json")
            pages = list_folder(s3, selection, prefix, cut)
            yield from pages if selection.is_everything else without_lines(selection, pages)
        else:
            yield from list_versions_of(s3, stack.bucket, document_key(selection.key, stack.inbox, prefix))


def list_reviews(s3: S3, selection: Selection) -> Iterator[list[Version]]:
    """Yields the versions of the reviews of the selected images, also of images that were deleted before."""
    stack = selection.stack
    if selection.is_folder:
        cut = review_folder(selection.key + "x" * MAX_KEY_BYTES, stack.inbox, stack.reviews).removesuffix("/")
        yield from list_folder(s3, selection, stack.reviews, cut)
    else:
        folder = review_folder(selection.key, stack.inbox, stack.reviews)
        for page in list_versions(s3, stack.bucket, folder):
            # Behind another slash are the reviews of images in a folder that is named like this image.
            yield [version for version in page if "/" not in version.key.removeprefix(folder)]


def list_folder(s3: S3, selection: Selection, prefix: str, longest: str) -> Iterator[list[Version]]:
    """Yields the versions of the documents, or reviews, of a folder.

    prefix: of the documents.
    longest: the key of the longest name in the folder, cut and with its digest.
    """
    cut, whole = longest[:-DIGEST], prefix + selection.name
    # What the keys of all documents begin with: the folder's name, but not more than a cut key keeps.
    shared = cut if whole.startswith(cut) else whole
    for page in list_versions(s3, selection.stack.bucket, shared):
        yield page if shared == whole else select_cut(s3, selection, prefix, page)


def without_lines(selection: Selection, pages: Iterable[list[Version]]) -> Iterator[list[Version]]:
    """Leaves out objects of lines, which are in folders of hours and not in those of their images."""
    for page in pages:
        yield [version for version in page if not is_lines_key(version.key, selection.stack.results)]


def select_cut(s3: S3, selection: Selection, prefix: str, page: list[Version]) -> list[Version]:
    """Returns the versions that are about selected images, if the folder's name is longer than what cut keys keep.

    The documents themselves say which images they are about. A delete marker says nothing, so it counts with the
    versions that it hides.
    """
    keys = set()
    for version in page:
        if version.key.startswith(prefix + selection.name):
            keys.add(version.key)
        elif not version.is_marker and version.key not in keys:
            body = s3.get_object(Bucket=selection.stack.bucket, Key=version.key, VersionId=version.id)["Body"]
            if selection.includes(image_key(body.read())):
                keys.add(version.key)
    return [version for version in page if version.key in keys]


def list_again(s3: S3, selection: Selection, keys: set[str]) -> Iterator[list[Version]]:
    """Yields what was written to these keys of documents and reviews after they were listed.

    keys: is read when the first page is asked for. They are cut keys, of folders with very long names.

    The function that handles the removal of an image may leave a delete marker on the key of a document that is gone. A
    second run would not know which image such a marker is about, so it has to be found now.
    """
    for key in sorted(keys):
        yield from list_versions_of(s3, selection.stack.bucket, key)


def survey(
    s3: S3,
    sqs: Sqs,
    selection: Selection,
    hours: Hours = ALL_HOURS,
    on_read: Callable[[], None] = lambda: None,
) -> Contents:
    """Counts what there is about the selected images. Changes nothing.

    hours: those whose lines are read.
    on_read: is called for each version of an object of lines, to show progress.
    """
    contents = Contents()
    for page in list_images(s3, selection):
        contents.images.add(page)
    for page in list_documents(s3, selection):
        contents.documents.add(page)
    for page in list_reviews(s3, selection):
        contents.reviews.add(page)
    contents.lines = lines.survey(s3, selection, hours, on_read)
    with dead_letters.read_dead_letters(sqs, selection.stack.dead_letters) as letters:
        contents.dead_letters = sum(selection.is_about(letter) for letter in letters)
    return contents


def erase(
    s3: S3,
    sqs: Sqs,
    selection: Selection,
    outcome: Outcome,
    on_handled: Callable[[int], None],
    hours: Hours = ALL_HOURS,
    on_read: Callable[[], None] = lambda: None,
) -> None:
    """Deletes all that there is about the selected images for good. It is safe to interrupt it and to run it again.

    The images are deleted first, so that no new documents, lines and reviews of them are written.

    outcome: is filled while the deletion runs, so that it is right after an interruption too.
    on_handled: is called with numbers of versions and messages, to show progress.
    hours, on_read: as for survey.
    """
    deleted, url = outcome.deleted, selection.stack.dead_letters
    cut_keys: set[str] = set()
    for pages, count in (
        (list_images(s3, selection), deleted.images),
        (list_documents(s3, selection), deleted.documents),
        (list_reviews(s3, selection), deleted.reviews),
        (list_again(s3, selection, cut_keys), deleted.documents),
    ):
        for page in pages:
            failures = delete_versions(s3, selection.stack.bucket, page)
            failed = {(failure.key, failure.id) for failure in failures}
            count.add([version for version in page if (version.key, version.id) not in failed])
            outcome.add_failures((failure.key, failure.reason) for failure in failures)
            cut_keys |= {version.key for version in page if selection.has_cut(version.key)}
            on_handled(len(page))
    for objects, unchanged in lines.erase(s3, selection, hours, deleted.lines, on_read):
        outcome.add_failures(unchanged)
        on_handled(objects)
    for letters, reasons in dead_letters.delete(sqs, url, selection.is_only_about):
        deleted.dead_letters += letters
        outcome.add_failures(("a dead letter", reason) for reason in reasons)
        on_handled(letters + len(reasons))

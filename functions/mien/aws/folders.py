"""Lists the folders that have documents, and counts the documents in each.

S3 has no folders. It can group keys by their beginning up to a slash, but it does not say how many keys a group has. So
each folder costs two requests: one lists its documents, the other the copies of its rejections.
"""

from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from mien.aws.clients import s3_failures
from mien.aws.listing import MAX_LISTED, TIMEOUTS, Listing
from mien.aws.pictures import THREADS
from mien.logic.chunks import chunks
from mien.logic.deadline import Deadline
from mien.logic.queries import FolderQuery, format_next, is_valid_key
from mien.logic.results import Result
from mien.logic.times import format_time

# Folders on a page. Their 80 requests take about as long as 5 requests that are sent one after the other, because
# THREADS of them are sent at once.
FOLDERS = 40
# Requests of one page that look for folders among the documents, and as many that count rejections beside them.
MAX_LISTS = 10
# All documents end so. Other objects were written by something else.
ENDING = ".json"


@dataclass(frozen=True)
class Count:
    """Documents of one kind.

    has_more: whether there can be more than were counted.
    written: when the newest one was stored (times.py); empty if there is none.
    """

    number: int = 0
    has_more: bool = False
    written: str = ""

    def plus(self, stored: Sequence[Any], has_more: bool) -> "Count":
        """Returns the count with more objects, without those that are not documents.

        stored: objects as S3 lists them.
        has_more: whether more follow.
        """
        documents = [entry for entry in stored if entry["Key"].endswith(ENDING)]
        times = [self.written, *(format_time(entry["LastModified"]) for entry in documents)]
        return Count(self.number + len(documents), has_more, max(times))


@dataclass(frozen=True)
class Level:
    """What is directly in one folder, of one kind of documents.

    folders: names of the folders in it, in S3's order.
    count: its own documents, without those of the folders in it.
    end: the name up to which was looked, or None if it was looked to the end.
    """

    folders: list[str]
    count: Count
    end: str | None


class Folders:
    """The folders of one bucket. Raises StorageUnavailable if S3 fails."""

    def __init__(self, listing: Listing):
        self.listing = listing
        # A rejection is among the documents too, so every folder is found there.
        self.kinds = (listing.results, listing.rejected)

    def page(self, query: FolderQuery, deadline: Deadline) -> tuple[list[Result], str | None]:
        """Returns a page of folders in the order of their names, and the page's `next`, or None if it is the last.

        The first page begins with the documents that are directly in the queried folder, if there are any. All folders
        of the first THREADS requests are counted, the others while there is time.
        """
        with ThreadPoolExecutor(THREADS) as pool:
            look = partial(self.look, query=query, deadline=deadline)
            documents, *rejections = pool.map(look, self.kinds[:1] if query.after else self.kinds)
            # `GET /results` does not accept names with control characters.
            names = [name for name in documents.folders if is_valid_key(name)]
            after = names[FOLDERS - 1] if len(names) > FOLDERS else documents.end
            folders = [entry for level in rejections for entry in describe(query.prefix, documents.count, level.count)]
            for number, part in enumerate(chunks(names[:FOLDERS], THREADS // 2)):
                if number and deadline.seconds_left() < TIMEOUTS.longest:
                    after = names[number * (THREADS // 2) - 1]
                    break
                folders += self.count_all(pool, part)
        return folders, None if after is None else format_next(after)

    def look(self, kind: str, query: FolderQuery, deadline: Deadline) -> Level:
        """Looks for the folders of a page, and for all documents beside them if it is the first page.

        kind: prefix of one kind of documents.
        """
        folders: list[str] = []
        count, end = Count(), query.after
        for _ in range(MAX_LISTS):
            answer = self.list_keys(kind + query.prefix, Delimiter="/", **start_behind(kind, end))
            stored, common = answer.get("Contents", []), answer.get("CommonPrefixes", [])
            found = [group["Prefix"].removeprefix(kind) for group in common]
            # A name that is given as `after` can be in the middle of a group.
            folders += [name for name in found if name.encode() > query.after.encode()]
            count = count.plus(stored, bool(answer["IsTruncated"]))
            if not answer["IsTruncated"]:
                return Level(folders, count, None)
            names = [entry["Key"].removeprefix(kind) for entry in stored]
            end = max(*found[-1:], *names[-1:], end, key=str.encode)
            has_enough = len(folders) > FOLDERS and (query.after or count.number > MAX_LISTED)
            if has_enough or deadline.seconds_left() < 3 * TIMEOUTS.longest:
                break
        return Level(folders, count, end)

    def count_all(self, pool: Executor, names: Sequence[str]) -> list[Result]:
        """Counts the documents of folders, all at once."""
        counts = list(pool.map(self.count, [kind + name for name in names for kind in self.kinds]))
        of_each = zip(names, chunks(counts, len(self.kinds)), strict=True)
        return [folder for name, own in of_each for folder in describe(name, *own)]

    def count(self, prefix: str) -> Count:
        answer = self.list_keys(prefix)
        return Count().plus(answer.get("Contents", []), bool(answer["IsTruncated"]))

    def list_keys(self, prefix: str, **request: str) -> Any:
        with s3_failures("reading results"):
            return self.listing.s3.list_objects_v2(
                Bucket=self.listing.bucket, Prefix=prefix, MaxKeys=MAX_LISTED, **request
            )


def start_behind(kind: str, name: str) -> dict[str, str]:
    """Returns the part of a request that lists what is behind a name.

    Behind a folder means behind everything in it. `0` follows `/` in the order of keys, and an object that ends in `0`
    is not a document.
    """
    if not name:
        return {}
    return {"StartAfter": kind + (f"{name[:-1]}0" if name.endswith("/") else name)}


def describe(name: str, documents: Count, rejections: Count) -> list[Result]:
    """Returns the entry of a folder, or nothing if it has no documents.

    documents: results and rejections. rejections: their copies.

    At most MAX_LISTED of each are stated: so many are counted with one request.
    """
    if not documents.written:
        return []
    results = max(0, documents.number - rejections.number)
    return [
        {
            "prefix": name,
            "documents": min(results, MAX_LISTED),
            "rejected": min(rejections.number, MAX_LISTED),
            "has_more": any(count.has_more or count.number > MAX_LISTED for count in (documents, rejections)),
            "written": max(documents.written, rejections.written),
        }
    ]

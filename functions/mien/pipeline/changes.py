"""What happens to changes of the inbox, whichever way their documents are stored."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol, TypeVar

from mien.logic.deadline import Deadline
from mien.logic.results import Result
from mien.logic.uploads import Change, Upload

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What happened to some changes.

    written: the documents that are now in the bucket.
    cleared: removals and outdated uploads that are done, and how many documents were deleted for each.
    failures: the changes that are not done, and why.
    """

    written: dict[Upload, Result]
    cleared: dict[Change, int]
    failures: dict[Change, Exception]


class Changes(Protocol):
    """The steps from changes of the inbox to documents, over one bucket and one endpoint."""

    def handle(self, changes: Sequence[Change], deadline: Deadline) -> Outcome:
        """Handles a batch of changes. Work that can't be finished by the deadline fails with TryAgain."""


def sort_results(futures: Mapping[K, Future[T]]) -> tuple[dict[K, T], dict[K, Exception]]:
    """Waits for all futures. Returns the results and the errors; no error affects another item."""
    results: dict[K, T] = {}
    failures: dict[K, Exception] = {}
    for item, future in futures.items():
        try:
            results[item] = future.result()
        except Exception as error:
            failures[item] = error
    return results, failures

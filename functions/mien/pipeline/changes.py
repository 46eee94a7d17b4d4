"""Changes of the inbox → documents: uploads get one, and the documents of removed images are deleted."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from mien.aws.storage import TIMEOUTS
from mien.errors import Outdated, StorageUnavailable
from mien.logic.deadline import Deadline
from mien.logic.results import Result
from mien.logic.uploads import Change, Removal, Upload
from mien.logic.versions import is_version
from mien.pipeline.batches import WORKERS, Batches, require_time, run_all
from mien.settings import Settings


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


class Changes:
    """The steps from changes to documents, over one bucket and one endpoint."""

    def __init__(self, settings: Settings):
        self.batches = Batches(settings)
        self.storage = self.batches.storage

    def handle(self, changes: Sequence[Change], deadline: Deadline) -> Outcome:
        """Handles a batch of changes. Work that can't be finished by the deadline fails with TryAgain.

        Removals come first: they are quick, and somebody wants the image gone.
        """
        uploads = [change for change in changes if isinstance(change, Upload)]
        cleared, unremoved = self.clear([change for change in changes if isinstance(change, Removal)], deadline)
        batch = self.batches.classify(uploads, deadline)
        outdated = [upload for upload, error in batch.failures.items() if isinstance(error, Outdated)]
        cleared_uploads, uncleared = self.clear(outdated, deadline)
        failures = {u: error for u, error in batch.failures.items() if u not in cleared_uploads} | unremoved | uncleared
        return Outcome(batch.written, cleared | cleared_uploads, failures)

    def clear(self, changes: Sequence[Change], deadline: Deadline) -> tuple[dict[Change, int], dict[Change, Exception]]:
        """Deletes the documents of images that are gone. Returns how many it deleted for each change, and failures."""
        if not changes:
            return {}, {}
        with ThreadPoolExecutor(WORKERS) as pool:
            return run_all(pool, partial(self.clear_one, deadline), changes)

    def clear_one(self, deadline: Deadline, change: Change) -> int:
        require_time(deadline, TIMEOUTS.longest)
        deleted, image = self.storage.delete_outdated(change.bucket, change.key)
        if image and isinstance(change, Upload) and is_version(change, image):
            raise StorageUnavailable("reading from S3: GetObject reported the object missing, HeadObject found it")
        return deleted

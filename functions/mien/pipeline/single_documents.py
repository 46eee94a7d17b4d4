"""Changes of the inbox → documents, one object each: written for uploads, deleted for removed images."""

from collections.abc import Sequence
from concurrent.futures import Future, wait

from mien.aws import images
from mien.aws.storage import Storage
from mien.errors import Outdated, StorageUnavailable
from mien.logic.deadline import Deadline
from mien.logic.results import Result
from mien.logic.uploads import Change, Removal, Upload
from mien.logic.versions import is_version
from mien.pipeline.batches import THREADS, Batches, require_time
from mien.pipeline.changes import Outcome, sort_results
from mien.settings import Settings


class SingleDocuments:
    """The steps from changes to one document per image, over one bucket and one endpoint."""

    def __init__(self, settings: Settings):
        s3 = images.connect(THREADS)
        self.batches = Batches(settings, s3)
        self.storage = Storage(settings, s3)

    def handle(self, changes: Sequence[Change], deadline: Deadline) -> Outcome:
        """Handles a batch of changes. Work that can't be finished by the deadline fails with TryAgain.

        Removals come first: they are quick, and somebody wants the image gone.
        """
        cleared, unremoved = self.clear([change for change in changes if isinstance(change, Removal)], deadline)
        uploads = [change for change in changes if isinstance(change, Upload)]
        written, unwritten = self.write_documents(uploads, deadline)
        outdated = [upload for upload, error in unwritten.items() if isinstance(error, Outdated)]
        cleared_uploads, uncleared = self.clear(outdated, deadline)
        failures = {u: error for u, error in unwritten.items() if u not in cleared_uploads} | unremoved | uncleared
        return Outcome(written, cleared | cleared_uploads, failures)

    def write_documents(
        self, uploads: Sequence[Upload], deadline: Deadline
    ) -> tuple[dict[Upload, Result], dict[Upload, Exception]]:
        """Classifies a batch. Each document is written as soon as it is known. Returns documents and failures."""
        writes: dict[Upload, Future[Result]] = {}
        failures: dict[Upload, Exception] = {}
        try:
            for upload, outcome in self.batches.documents(uploads, deadline.earlier(images.TIMEOUTS.longest)):
                if isinstance(outcome, Exception):
                    failures[upload] = outcome
                else:
                    writes[upload] = self.batches.threads.submit(self.write_document, outcome, deadline, upload)
        finally:
            # Lambda stops a process between invocations, so none may end while a document is being written.
            wait(writes.values())
        written, unwritten = sort_results(writes)
        return written, failures | unwritten

    def write_document(self, document: Result, deadline: Deadline, upload: Upload) -> Result:
        require_time(deadline, images.TIMEOUTS.longest)
        self.storage.write(upload, document)
        return document

    def clear(self, changes: Sequence[Change], deadline: Deadline) -> tuple[dict[Change, int], dict[Change, Exception]]:
        """Deletes the documents of images that are gone. Returns how many it deleted for each change, and failures."""
        return sort_results({c: self.batches.threads.submit(self.clear_one, deadline, c) for c in changes})

    def clear_one(self, deadline: Deadline, change: Change) -> int:
        require_time(deadline, images.TIMEOUTS.longest)
        deleted, image = self.storage.delete_outdated(change.bucket, change.key)
        if image and isinstance(change, Upload) and is_version(change, image):
            raise StorageUnavailable("reading from S3: GetObject reported the object missing, HeadObject found it")
        return deleted

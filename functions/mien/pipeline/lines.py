"""Changes of the inbox → JSON Lines: all results of a batch in one object, which costs one request for all of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from mien.aws import images
from mien.aws.clients import s3_failures
from mien.aws.lines import write_lines
from mien.errors import NeedsOperator, Outdated, StorageUnavailable
from mien.logic.deadline import Deadline
from mien.logic.lines import DELETED, deleted, lines_key, serialize_lines
from mien.logic.results import Result
from mien.logic.uploads import Change, Removal, Upload
from mien.logic.versions import StoredImage, is_version
from mien.pipeline.batches import THREADS, Batches, require_time
from mien.pipeline.changes import Outcome, sort_results
from mien.settings import Settings

C = TypeVar("C", Upload, Removal)


class Lines:
    """The steps from changes to one object of JSON Lines, over one bucket and one endpoint.

    Nobody looks at a line again. If its image was deleted or overwritten while it was classified, S3 sends an event
    about that. The line of that event has a larger sequencer, so it is the one that counts.

    clock: returns seconds since 1970. Tests pass their own.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time):
        self.results_prefix = settings.results_prefix
        self.clock = clock
        self.s3: Any = images.connect(THREADS)
        self.batches = Batches(settings, self.s3)

    def handle(self, changes: Sequence[Change], deadline: Deadline) -> Outcome:
        """Handles a batch of changes. Work that can't be finished by the deadline fails with TryAgain."""
        answer_deadline = deadline.earlier(images.TIMEOUTS.longest)
        removals = [change for change in changes if isinstance(change, Removal)]
        found, unknown = self.look_at_all(removals, answer_deadline)
        failures: dict[Change, Exception] = dict(unknown.items())
        lines: dict[Change, Result] = {removal: deleted(removal) for removal, image in found.items() if image is None}
        asked: dict[Upload, Change] = {change: change for change in changes if isinstance(change, Upload)}
        asked |= {again(removal, image): removal for removal, image in found.items() if image}
        outdated: list[Upload] = []
        for upload, outcome in self.batches.documents(list(asked), answer_deadline):
            if isinstance(outcome, Outdated):
                outdated.append(upload)
            elif isinstance(outcome, Exception):
                failures[asked[upload]] = outcome
            else:
                lines[asked[upload]] = outcome
        passed, doubtful = self.look_at_all(outdated, answer_deadline)
        failures |= {asked[upload]: error for upload, error in doubtful.items()}
        cleared: dict[Change, int] = dict.fromkeys((asked[upload] for upload in passed), 0)
        if unwritten := self.write(lines, deadline):
            return Outcome({}, cleared, failures | unwritten)
        written = {change: line for change, line in lines.items() if isinstance(change, Upload)}
        cleared |= {removal: int(lines[removal]["status"] == DELETED) for removal in removals if removal in lines}
        return Outcome(written, cleared, failures)

    def look_at_all(
        self, changes: Sequence[C], deadline: Deadline
    ) -> tuple[dict[C, StoredImage | None], dict[C, Exception]]:
        """Returns the current version of the image of each change, None if it is deleted, and failures."""
        threads = self.batches.threads
        return sort_results({change: threads.submit(self.look_at, change, deadline) for change in changes})

    def look_at(self, change: Change, deadline: Deadline) -> StoredImage | None:
        """Returns the current version of a change's image, or None if it is deleted.

        Raises NeedsOperator for a removal without a sequencer, whose line could not be told from older ones. Raises
        StorageUnavailable if S3 fails, or if it has the version of an upload that could not be read.
        """
        require_time(deadline, 0)
        if not change.sequencer and isinstance(change, Removal):
            raise NeedsOperator("the event of a removal has no sequencer, so its line would have no place in time")
        with s3_failures("looking up an image"):
            image = images.find_image(self.s3, change.bucket, change.key)
        if image and isinstance(change, Upload) and is_version(change, image):
            raise StorageUnavailable("reading from S3: GetObject reported the object missing, HeadObject found it")
        return image

    def write(self, lines: Mapping[Change, Result], deadline: Deadline) -> dict[Change, Exception]:
        """Writes all lines as one object. Returns the error of each change: none has one, or all have the same."""
        if not lines:
            return {}
        body = serialize_lines(lines.values())
        # All changes of an application are in one bucket (deliveries.refuse_other_buckets).
        bucket = next(iter(lines)).bucket
        try:
            require_time(deadline, images.TIMEOUTS.longest)
            write_lines(self.s3, bucket, lines_key(self.results_prefix, body, self.clock()), body)
        except Exception as error:
            return dict.fromkeys(lines, error)
        return {}


def again(removal: Removal, image: StoredImage) -> Upload:
    """Returns the current version of an image, of which another version was removed, as an upload of that moment.

    It is classified once more. The removed version may have been the current one until then: the line of this version
    must be newer than that of the removed one.
    """
    return Upload(removal.bucket, removal.key, image.version_id, image.etag, 0, removal.sequencer)

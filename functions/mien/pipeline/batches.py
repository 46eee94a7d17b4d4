"""Uploads → their documents, one batch at a time: read, decode, classify."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from mien.aws.endpoint import Endpoint
from mien.aws.images import read_image
from mien.errors import Rejected, TryAgain
from mien.logic.chunks import chunks
from mien.logic.deadline import Deadline
from mien.logic.images import MAX_BYTES
from mien.logic.results import Result, classified, image_fields, rejected
from mien.logic.uploads import Upload
from mien.pipeline.pictures import PictureReader, PictureReaders, WaitingPictures
from mien.settings import Settings

# Threads that send requests to S3, and mostly wait: one for each image of a batch of the template's size.
THREADS = 32
# Bytes of the files that are in memory at once. Eight of the largest files fit, or THREADS of 4 MiB each.
MAX_READ_BYTES = 8 * MAX_BYTES
# Threads that call the endpoint, for faces that don't fit into one call.
CALLERS = 8
# Seconds for the endpoint's response. With a longer time, the model's description and its answer to the faces would not
# both fit into one invocation. A model that takes longer to start is called again by the messages' next invocation.
READ_TIMEOUT = 20.0

K = TypeVar("K")
T = TypeVar("T")


class Batches:
    """The steps from uploads to their documents, over one bucket and one endpoint.

    s3: the client that reads the images (images.connect).
    threads: THREADS of them, for everything that is asked of S3. They stay from one batch to the next: to start them
        again for each batch would need a tenth of a small image's processor time.
    """

    def __init__(self, settings: Settings, s3: Any):
        self.s3 = s3
        self.threads = ThreadPoolExecutor(THREADS)
        self.callers = ThreadPoolExecutor(CALLERS)
        self.endpoint = Endpoint(settings, READ_TIMEOUT, connections=CALLERS)
        self.readers = PictureReaders(settings)

    def documents(self, uploads: Sequence[Upload], deadline: Deadline) -> Iterator[tuple[Upload, Result | Exception]]:
        """Yields each upload with its document, a result or a rejection, or with the error why it has none.

        Work that can't be finished by the deadline fails with TryAgain. Reading leaves the time that classifying needs.
        """
        if not uploads:
            return
        try:
            reader = self.readers.reader(self.endpoint.contract(deadline))
        except Exception as error:
            yield from dict.fromkeys(uploads, error).items()
            return
        read_deadline = deadline.earlier(self.endpoint.longest_call)
        for upload, outcome in self.classify_uploads(reader, uploads, read_deadline, deadline):
            if isinstance(outcome, Rejected):
                yield upload, rejected(outcome, image_fields(upload))
            else:
                yield upload, outcome

    def classify_uploads(
        self, reader: PictureReader, uploads: Iterable[Upload], read_deadline: Deadline, answer_deadline: Deadline
    ) -> Iterator[tuple[Upload, Result | Exception]]:
        """Yields each upload with its document, or the error why it has none.

        Reads some files ahead in other threads, and decodes them one after the other in this thread. Decoding needs a
        processor, and a function has about one. It can also need much memory, which the C library keeps for each thread
        that ever used it: decoding in all threads would need that memory once for each of them.
        """
        waiting = WaitingPictures[Upload]()
        for upload, data in read_ahead(self.threads, partial(self.read_file, read_deadline), uploads, stated_bytes):
            try:
                require_time(read_deadline, 0)
                waiting.add(upload, reader.read(self.content_of(upload, data, read_deadline)))
            except Exception as error:
                yield upload, error
            if waiting.is_full:
                yield from self.classify_pictures(reader, waiting, answer_deadline)
                waiting = WaitingPictures[Upload]()
        yield from self.classify_pictures(reader, waiting, answer_deadline)

    def classify_pictures(
        self, reader: PictureReader, waiting: WaitingPictures[Upload], deadline: Deadline
    ) -> Iterator[tuple[Upload, Result | Exception]]:
        """Classifies the faces of all pictures with as few calls as the endpoint allows."""
        batches = list(chunks(waiting.faces, self.endpoint.faces_per_call(reader.contract)))
        classify = partial(self.endpoint.classify, deadline=deadline)
        outcomes = [outcome for answered in self.callers.map(classify, batches) for outcome in answered]
        unconfirmed = self.endpoint.confirm(reader.contract, outcomes, deadline) if waiting.pictures else None
        for upload, found in waiting.sort_answers(outcomes):
            answers = unconfirmed if unconfirmed and not isinstance(found, Exception) else found
            if isinstance(answers, Exception):
                yield upload, answers
            else:
                picture = waiting.pictures[upload]
                image = image_fields(upload, picture)
                yield upload, classified(picture, answers, image, self.endpoint.name, reader.reading)

    def read_file(self, deadline: Deadline, upload: Upload, limit: int | None = None) -> bytes:
        """limit: bytes; None for what the event states. A larger object is rejected unread."""
        require_time(deadline, 0)
        if upload.size > MAX_BYTES:
            raise Rejected("too_large", f"The file has {upload.size:,} bytes; the limit is {MAX_BYTES:,}.")
        return read_image(self.s3, upload.bucket, upload.key, limit or stated_bytes(upload), upload)

    def content_of(self, upload: Upload, data: Future[bytes], deadline: Deadline) -> bytes:
        """Returns the content that was read ahead. A larger object than its event states is read now, alone.

        S3 states the true size. A message that somebody wrote may not, and must not fill the memory.
        """
        try:
            return data.result()
        except Rejected as error:
            if error.reason != "too_large" or stated_bytes(upload) == MAX_BYTES:
                raise
            return self.read_file(deadline, upload, MAX_BYTES)


def stated_bytes(upload: Upload) -> int:
    """Returns how many bytes of memory are kept for an upload's file: as many as its event states, if it does."""
    return upload.size if 0 < upload.size <= MAX_BYTES else MAX_BYTES


def require_time(deadline: Deadline, seconds: float) -> None:
    """Raises TryAgain if less time is left than a step needs."""
    if deadline.seconds_left() < seconds:
        raise TryAgain("there was no time left in this invocation")


def read_ahead(
    threads: Executor, step: Callable[[K], T], items: Iterable[K], weigh: Callable[[K], int]
) -> Iterator[tuple[K, Future[T]]]:
    """Yields each item with its step's future, in order.

    weigh: bytes that an item's result needs, MAX_READ_BYTES at most. The items that are started, and the one that was
    yielded last, need MAX_READ_BYTES together at most, and there are THREADS of them at most.
    """
    started: deque[tuple[K, Future[T]]] = deque()
    weight = 0
    for item in items:
        while started and (len(started) == THREADS or weight + weigh(item) > MAX_READ_BYTES):
            yield started[0]
            weight -= weigh(started.popleft()[0])
        started.append((item, threads.submit(step, item)))
        weight += weigh(item)
    while started:
        yield started.popleft()

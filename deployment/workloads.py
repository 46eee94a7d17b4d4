"""What one image needs of AWS's services, as the benchmarks of this repository have measured it."""

from dataclasses import dataclass, replace
from typing import Self

# template.yaml's BatchSize. Images that come one by one make smaller batches, with an invocation each.
BATCH = 32
# SQS gives at most 10 messages per request, and deletes at most 10 with one.
# Source: Amazon SQS API Reference, "ReceiveMessage" and "DeleteMessageBatch".
MESSAGES_PER_REQUEST = 10
# S3 sends one message per image. Lambda receives it and deletes it, together with others.
SQS_REQUESTS = 1 + 2 / MESSAGES_PER_REQUEST
# Milliseconds of a whole processor: benchmarks/speed.md, "processor".
FACE_PROCESSOR_MS = 1.5
PHOTO_PROCESSOR_MS = 72.6
# benchmarks/speed.md: the image is read once, and looked up once after its document is written.
S3_READS = 2
S3_WRITES = 1
# Bytes that the handler logs per image (benchmarks/speed.md), and those of Lambda's own lines per invocation: START,
# END and REPORT are about this long in the examples of the AWS Lambda Developer Guide, "Viewing CloudWatch logs".
LOG_BYTES = 23
INVOCATION_LOG_BYTES = 350
# The group photo that benchmarks/photos.py and `make bench` enlarge has this many faces.
FACES_PER_PHOTO = 7
# Milliseconds of ApiFunction for a 48x48 PNG, without the model: benchmarks/latency.md, "function".
API_MS = 0.7


@dataclass(frozen=True)
class Workload:
    """The quantities for one image. Fractions come from batches: an invocation of 32 images is 1/32 for each.

    Results are documents, as by default.

    s3_writes, s3_reads: requests of the functions to S3. The upload itself is not among them.
    events: events of EventBridge, if the bucket sends its events there: one of the image, and one of its document.
    processor_ms: processor time of the function, without the time in which it waits for the endpoint.
    waiting_ms: time in which the function waits for S3 and has nothing else to do. A batch has: other images.
    faces: how many faces the endpoint classifies.
    log_bytes: what the function's log gets.
    """

    name: str
    processor_ms: float
    faces: int = 1
    invocations: float = 1 / BATCH
    s3_writes: float = S3_WRITES
    s3_reads: float = S3_READS
    sqs_requests: float = SQS_REQUESTS
    events: float = 2
    api_requests: float = 0
    log_bytes: float = LOG_BYTES + INVOCATION_LOG_BYTES / BATCH
    waiting_ms: float = 0

    def with_lines(self) -> Self:
        """The same images with results as lines: one object for each batch, and no look at an image after its write."""
        if not self.s3_writes:
            return self
        return replace(self, s3_writes=self.invocations, s3_reads=1, events=1 + self.invocations)


FACES = Workload("face crops", FACE_PROCESSOR_MS)
PHOTOS = Workload(f"12-megapixel photos of {FACES_PER_PHOTO} faces", PHOTO_PROCESSOR_MS, FACES_PER_PHOTO)
HTTP_FACES = Workload(
    "face crops over HTTP",
    API_MS,
    invocations=1,
    s3_writes=0,
    s3_reads=0,
    sqs_requests=0,
    events=0,
    api_requests=1,
    log_bytes=LOG_BYTES + INVOCATION_LOG_BYTES,
)
WORKLOADS = (FACES, PHOTOS, HTTP_FACES)

"""100 million images a day: what each service gets to do, and the quotas of AWS that this meets."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.cost.sizes import work_on_aws
from deployment.estimate import FACES_PER_SECOND
from deployment.workloads import BATCH, FACES, PHOTOS

IMAGES = 100_000_000
MEAN_RATE = IMAGES / 86_400
# The busiest time of a day against its mean: an assumption.
PEAK = 3
# Size of the photo: benchmarks/photos.md, 12 megapixels.
PHOTO_BYTES = 1.1e6
# GET and HEAD of the image. With lines, there is no HEAD.
INBOX_READS = 2
GUIDE = "https://docs.aws.amazon.com"


@dataclass(frozen=True)
class Quota:
    """needed: in the mean over a day, in the unit of the quota. limit: AWS's default, or its fixed limit."""

    what: str
    needed: float
    limit: float
    answer: str
    source: str
    url: str

    @property
    def at_peak(self) -> float:
        return self.needed * PEAK


def functions(faces: bool) -> float:
    """How many batches run at the same time in the mean, if each is full."""
    image = FACES if faces else PHOTOS
    return MEAN_RATE * work_on_aws(image).of_batch(BATCH) / BATCH


def cores(faces: bool) -> float:
    return MEAN_RATE * (1 if faces else PHOTOS.faces) / FACES_PER_SECOND


def quotas() -> Iterator[Quota]:
    s3 = (
        "Amazon S3 User Guide, performance",
        f"{GUIDE}/AmazonS3/latest/userguide/optimizing-performance.html",
    )
    scaling = (
        "AWS Lambda Developer Guide, scaling for SQS",
        f"{GUIDE}/lambda/latest/dg/services-sqs-scaling.html",
    )
    limits = ("AWS Lambda Developer Guide, quotas", f"{GUIDE}/lambda/latest/dg/gettingstarted-limits.html")
    queue = (
        "Amazon SQS Developer Guide, standard queues",
        f"{GUIDE}/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html",
    )
    serverless = (
        "Amazon SageMaker API Reference",
        f"{GUIDE}/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html",
    )
    events = ("Amazon EventBridge User Guide, quotas", f"{GUIDE}/eventbridge/latest/userguide/eb-quota.html")
    grow = "S3 splits a busy prefix by itself; until then it answers 503, and the functions try again"
    yield Quota("S3: uploads a second, one prefix", MEAN_RATE, 3500, grow, *s3)
    yield Quota("S3: documents written a second, one prefix", MEAN_RATE, 3500, grow, *s3)
    yield Quota("S3: objects of lines written a second, one prefix", MEAN_RATE / BATCH, 3500, grow, *s3)
    spread = f"{grow}; names that begin differently help"
    yield Quota("S3: GET and HEAD of images a second, one prefix", INBOX_READS * MEAN_RATE, 5500, spread, *s3)
    yield Quota("S3: GET of images a second with lines, one prefix", MEAN_RATE, 5500, spread, *s3)
    for faces in (True, False):
        name = "face crops" if faces else "photos"
        yield Quota(
            f"SQS: messages in flight, {name}",
            functions(faces) * BATCH,
            120_000,
            "none is needed: `MaximumConcurrency` times `BatchSize` is the most that can be in flight",
            *queue,
        )
        yield Quota(
            f"Lambda: batches of one queue at once, {name}",
            functions(faces),
            1000,
            "`MaximumConcurrency` ends here; two stacks, or more memory for each function",
            *scaling,
        )
        yield Quota(
            f"Lambda: concurrent executions of the account, {name}",
            functions(faces),
            1000,
            "ask AWS to raise it; new accounts begin with 10",
            *limits,
        )
        yield Quota(
            f"SageMaker: concurrency of one serverless endpoint, {name}",
            cores(faces),
            200,
            "instances; new accounts begin with 10 for all serverless endpoints",
            *serverless,
        )
    yield Quota(
        "EventBridge: events sent to the queue a second, if `Notifications` is `eventbridge`",
        MEAN_RATE,
        18_750,
        "EventBridge delays events above it; other regions have from 750",
        *events,
    )

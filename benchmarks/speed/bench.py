"""The embedded cloud behind proxies with AWS's latencies, and the images in it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.photos import SIZES, enlarge
from benchmarks.speed.delays import Delays
from benchmarks.speed.worker import Worker
from benchmarks.uploads import Record, delete_documents, read_results, require_documents, stop_queue, upload
from local import template
from local.cloud import Cloud
from local.environment import ISOLATION
from local.paths import SAMPLES
from local.stack import start_application
from tests.support.proxy import proxy

MEGAPIXELS = 12
# Photos that differ. Making one takes a second.
DISTINCT_PHOTOS = 4


@dataclass(frozen=True)
class Kind:
    """A kind of image. name: as in the tables. suffix: of its files."""

    name: str
    suffix: str


FACES = Kind("face, 48x48", ".png")
PHOTOS = Kind(f"photo, {MEGAPIXELS} megapixels, 7 faces", ".jpg")
KINDS = {"faces": FACES, "photos": PHOTOS}


@dataclass(frozen=True)
class Bench:
    """environment: variables of the functions' processes. delays: what both proxies do."""

    cloud: Cloud
    delays: Delays
    environment: Mapping[str, str]

    def worker(self, way: str, with_stages: bool = False) -> Worker:
        return Worker(way, self.environment, with_stages)

    def upload(self, kind: Kind, files: Sequence[bytes], prefix: str) -> list[Record]:
        """Stores images under inbox/PREFIX, past the proxy, and returns a message about each."""
        return upload(self.cloud, files, prefix, kind.suffix)

    @contextlib.contextmanager
    def new_images(self, count: int) -> Iterator[None]:
        """Images have no results before the block, and each has one after it. Raises MissingDocuments."""
        delete_documents(self.cloud)
        yield
        require_documents(self.cloud, count)

    def labels_per_image(self) -> float:
        """How many faces the stored results label, for each image."""
        s3, bucket = self.cloud.client("s3"), self.cloud.bucket
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=self.cloud.prefix("Results"), MaxKeys=DISTINCT_PHOTOS)
        documents = [document for one in listed["Contents"] for document in read_results(self.cloud, one["Key"])]
        return sum("label" in face for document in documents for face in document["faces"]) / len(documents)


def draw(kind: Kind, count: int) -> list[bytes]:
    """Files of a kind. There are few different ones, which are repeated."""
    if kind is FACES:
        files = [path.read_bytes() for path in sorted(SAMPLES.glob("*/*.png"))]
    else:
        files = [enlarge(SIZES[MEGAPIXELS], number) for number in range(min(count, DISTINCT_PHOTOS))]
    return [files[number % len(files)] for number in range(count)]


@contextlib.contextmanager
def start_bench() -> Iterator[Bench]:
    """Runs the application and both proxies until the block ends. Raises CloudError."""
    delays = Delays()
    with proxy() as storage, proxy() as endpoint, start_application() as cloud:
        stop_queue(cloud)
        storage.upstream, endpoint.upstream = cloud.url, str(cloud.endpoint_url)
        storage.intervene = endpoint.intervene = delays
        environment = {
            **template.function_environment(cloud.references),
            **ISOLATION,
            **cloud.credentials,
            "AWS_ENDPOINT_URL": cloud.url,
            "AWS_ENDPOINT_URL_S3": storage.url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": endpoint.url,
        }
        yield Bench(cloud, delays, environment)

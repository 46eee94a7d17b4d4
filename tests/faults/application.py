"""The deployed application in the embedded cloud, with proxies before S3 and the endpoint."""

import contextlib
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from local import template
from local.cloud import Cloud
from local.paths import SAMPLES
from local.stack import start_application
from mien.logic.results import document_key
from operate import dead_letters
from operate.dead_letters import REASON_OF_SQS, DeadLetter
from tests.support.proxy import Proxy, proxy

from .catalogue import POISON
from .invariants import Findings, judged
from .invariants_of_lines import judged_lines, lines_of

# Seconds. The template's 450 would make a run that long each time that a function is killed.
VISIBILITY_TIMEOUT = 15
# Seconds without a change in the queue, after which a run ends as it is.
PATIENCE = 240
# How often in a row the queue must be found empty. A message can be between two of SQS's counts.
LOOKS = 5
UPLOAD_THREADS = 8
# The share of uploads that are not images.
SHARE_OF_BAD_FILES = 0.1
GOOD_FILES = {p.relative_to(SAMPLES).as_posix(): p for p in sorted(SAMPLES.rglob("*.png"))}


def never(key: str, reason: str) -> bool:
    return False


@dataclass
class Application:
    """Uploads images, waits for the results, and judges them.

    contents: the files that are uploaded, by name.
    visibility_timeout: seconds.
    lines: whether the results are stored as JSON Lines.
    references: the document of each content in an undisturbed run, by the content's name.
    """

    cloud: Cloud
    s3_proxy: Proxy
    endpoint_proxy: Proxy
    contents: dict[str, bytes]
    visibility_timeout: int
    lines: bool = False
    references: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.s3 = self.cloud.client("s3", max_pool_connections=2 * UPLOAD_THREADS)
        self.sqs = self.cloud.client("sqs", max_pool_connections=2 * UPLOAD_THREADS)
        self.bucket = self.cloud.outputs["BucketName"]
        self.queue = self.cloud.outputs["QueueUrl"]
        self.dead_letter_queue = self.cloud.outputs["DeadLetterQueueUrl"]
        inbox, results, rejected = (self.cloud.prefix(name) for name in ("Inbox", "Results", "Rejected"))
        self.prefixes = (inbox, results, rejected)
        self.names_by_etag = {hashlib.md5(data).hexdigest(): name for name, data in self.contents.items()}
        timeout = str(self.visibility_timeout)
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"VisibilityTimeout": timeout})
        # As many invocations as on AWS: with fewer, batches are larger, and too few requests remain for the faults.
        concurrency = int(template.default_parameters()["MaximumConcurrency"])
        functions = self.cloud.client("lambda")
        [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": concurrency})

    def upload(self, run: str, images: int, seed: int, overwrites: int = 0) -> list[str]:
        """Uploads images, and a few files that are not images, below a prefix of the inbox. Returns their names.

        overwrites: how many of the first keys are uploaded a second time at the end.
        """
        generator = random.Random(seed)
        good = sorted(name for name in self.contents if name in GOOD_FILES)
        bad = sorted(name for name in self.contents if name not in GOOD_FILES)
        names = [f"{n:05} {POISON}.png" if n % max(1, images // 3) == 1 else f"{n:05}.png" for n in range(images)]
        uploads = [(name, generator.choice(bad if generator.random() < SHARE_OF_BAD_FILES else good)) for name in names]
        second_uploads = [(names[n % images], generator.choice(good)) for n in range(overwrites)]
        inbox = self.prefixes[0]

        def put(upload: tuple[str, str]) -> None:
            name, content = upload
            self.s3.put_object(Bucket=self.bucket, Key=inbox + run + name, Body=self.contents[content])

        with ThreadPoolExecutor(UPLOAD_THREADS) as pool:
            list(pool.map(put, uploads))
        for upload in second_uploads:
            put(upload)
        return names

    def remove(self, run: str, names: list[str]) -> None:
        for name in names:
            self.s3.delete_object(Bucket=self.bucket, Key=self.prefixes[0] + run + name)

    def revert(self, run: str, names: list[str]) -> None:
        """Deletes the newest version of each image for good. Images that a fault has deleted stay as they are."""
        for name in names:
            key = self.prefixes[0] + run + name
            listed = self.s3.list_object_versions(Bucket=self.bucket, Prefix=key).get("Versions", [])
            for version in listed:
                if version["IsLatest"]:
                    self.s3.delete_object(Bucket=self.bucket, Key=key, VersionId=version["VersionId"])

    def send_foreign_messages(self, run: str, count: int) -> list[str]:
        """Sends S3's test events, and messages that are not events.

        Returns the bodies of the latter, which must become dead letters.
        """
        test_event = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": self.bucket})
        foreign = [json.dumps({"stranger": run, "number": n}) for n in range(count)]
        foreign += [f"no JSON {run} {n}" for n in range(count)]
        for body in [*foreign, *([test_event] * count)]:
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)
        return foreign

    def wait_until_idle(self) -> None:
        """Waits until no message is in the queue, in flight or delayed, or nothing changes for PATIENCE seconds."""
        looks = 0
        last_count = -1
        changed = time.monotonic()
        while looks < LOOKS:
            time.sleep(0.3)
            count = count_messages(self.sqs, self.queue)
            looks = 0 if count else looks + 1
            if count != last_count:
                last_count = count
                changed = time.monotonic()
            if time.monotonic() - changed > PATIENCE:
                return

    def dead_letters(self, run: str) -> list[DeadLetter]:
        with dead_letters.read_dead_letters(self.sqs, self.dead_letter_queue) as found:
            return [letter for letter in found if any(run in key for key in letter.images)]

    def judge(self, run: str, may_die: Callable[[str, str], bool] = never) -> Findings:
        """Compares a run's documents or lines with its uploads. may_die: as in `judged`."""
        reasons = {key: letter.reason for letter in self.dead_letters(run) for key in letter.images}
        judge = judged_lines if self.lines else judged
        return judge(self.s3, self.bucket, self.prefixes, run, self.names_by_etag, self.references, reasons, may_die)

    def judge_foreign_messages(self, foreign: list[str]) -> list[str]:
        """What is wrong with the dead letters that are not events: each must be there, with its reason."""
        with dead_letters.read_dead_letters(self.sqs, self.dead_letter_queue) as found:
            letters = [letter for letter in found if not letter.images]
        # A function that is killed after it has sent a dead letter sends it a second time, so bodies may repeat.
        bodies = {letter.body for letter in letters}
        wrong = [f"lost: {body}" for body in foreign if body not in bodies]
        wrong += [f"a dead letter without a reason: {one.body}" for one in letters if one.reason == REASON_OF_SQS]
        wrong += [f"must not be a dead letter: {one.body}" for one in letters if "TestEvent" in one.body]
        return wrong

    def redrive(self, run: str) -> int:
        def belongs_to_run(letter: DeadLetter) -> bool:
            return any(run in key for key in letter.images)

        return dead_letters.redrive(self.sqs, self.dead_letter_queue, self.queue, belongs_to_run, lambda count: None)


def all_contents() -> dict[str, bytes]:
    """The sample faces, and files of the kinds that people upload by mistake, by name."""
    faces = {name: path.read_bytes() for name, path in GOOD_FILES.items()}
    whole = faces["happy/1.png"]
    return {**faces, "empty": b"", "a text": b"Not an image.", "cut off": whole[:300], "header alone": whole[:33]}


@contextlib.contextmanager
def start(visibility_timeout: int = VISIBILITY_TIMEOUT, lines: bool = False) -> Iterator[Application]:
    """Deploys the application and records its references. Nothing is disturbed yet.

    lines: whether it stores its results as JSON Lines.
    """
    with proxy() as s3_proxy, proxy() as endpoint_proxy:
        variables = {
            "AWS_ENDPOINT_URL_S3": s3_proxy.url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": endpoint_proxy.url,
        }
        with start_application(variables=variables, ResultFormat="lines" if lines else "documents") as cloud:
            s3_proxy.upstream, endpoint_proxy.upstream = cloud.url, str(cloud.endpoint_url)
            application = Application(cloud, s3_proxy, endpoint_proxy, all_contents(), visibility_timeout, lines)
            record_references(application)
            yield application


def record_references(application: Application) -> None:
    """Uploads each content once, undisturbed, and keeps its document."""
    inbox, results, _ = application.prefixes
    run = "reference/"
    for number, data in enumerate(application.contents.values()):
        application.s3.put_object(Bucket=application.bucket, Key=f"{inbox}{run}{number}", Body=data)
    application.wait_until_idle()
    names = {f"{inbox}{run}{number}": name for number, name in enumerate(application.contents)}
    if application.lines:
        found = lines_of(application.s3, application.bucket, results, inbox + run)
        application.references |= {names[line["image"]["key"]]: line for line in map(json.loads, found)}
        return
    for key, name in names.items():
        document = document_key(key, inbox, results)
        answer = application.s3.get_object(Bucket=application.bucket, Key=document)
        application.references[name] = json.loads(answer["Body"].read())


def count_messages(sqs: Any, url: str) -> int:
    """Messages in a queue: visible, in flight and delayed."""
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)

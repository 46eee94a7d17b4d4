"""Runs: images into the inbox of the deployed application while it is disturbed, until nothing moves any more."""

import contextlib
import hashlib
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psutil

from local.cloud import Cloud
from local.paths import SAMPLES
from local.stack import start_application
from operate import dead_letters
from operate.dead_letters import DeadLetter
from tests.support.proxy import Exchange, Forward, Proxy, Reply, proxy

from .catalogue import POISON, Fault, Relay, Trial
from .invariants import Findings, judged

# Seconds. The template's 450 would be a run's length each time that a function is killed.
VISIBILITY = 15
# Seconds without a change, after which a run is given up.
PATIENCE = 240
THREADS = 8
# The share of uploads that are no images.
BAD = 0.1
GOOD_FILES = {p.relative_to(SAMPLES).as_posix(): p for p in sorted(SAMPLES.rglob("*.png"))}


@dataclass(frozen=True)
class Result:
    """injected: how often each fault happened."""

    trial: Trial
    findings: Findings
    injected: Counter[str]
    seconds: float


def nobody_dies(key: str, reason: str) -> bool:
    return False


@dataclass
class Application:
    """The deployed application, with proxies before S3 and the endpoint."""

    cloud: Cloud
    s3_proxy: Proxy
    endpoint_proxy: Proxy
    contents: dict[str, bytes]
    visibility: int
    references: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.s3 = self.cloud.client("s3", max_pool_connections=2 * THREADS)
        self.sqs = self.cloud.client("sqs", max_pool_connections=2 * THREADS)
        self.bucket = self.cloud.outputs["BucketName"]
        self.queue, self.dead = self.cloud.outputs["QueueUrl"], self.cloud.outputs["DeadLetterQueueUrl"]
        inbox, results, rejected = (self.cloud.prefix(name) for name in ("Inbox", "Results", "Rejected"))
        self.prefixes = (inbox, results, rejected)
        self.etags = {hashlib.md5(data).hexdigest(): name for name, data in self.contents.items()}
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"VisibilityTimeout": str(self.visibility)})

    # What faults do beside answering.

    def kill(self, caller: int) -> None:
        self.signal(caller, signal.SIGKILL)

    def freeze(self, caller: int) -> None:
        self.signal(caller, signal.SIGSTOP)

    def kill_soon(self, caller: int, seconds: float) -> None:
        timer = threading.Timer(seconds, self.kill, [caller])
        timer.daemon = True
        timer.start()

    def signal(self, caller: int, number: signal.Signals) -> None:
        process = owner(caller)
        if process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def overwrite(self, key: str) -> None:
        names = sorted(self.contents)
        name = random.Random(key).choice(names)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=self.contents[name])

    def remove(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=key)

    # Disturbing.

    @contextlib.contextmanager
    def disturbed(self, faults: Sequence[Fault], seed: int) -> Iterator[Counter[str]]:
        injected: Counter[str] = Counter()
        lock, began = threading.Lock(), time.monotonic()

        def intervene(exchange: Exchange, forward: Forward) -> Reply | None:
            for fault in faults:
                over = fault.lasting is not None and time.monotonic() - began > fault.lasting
                if not over and fault.hits(exchange, seed):
                    with lock:
                        if fault.most is not None and injected[fault.name] >= fault.most:
                            continue
                        injected[fault.name] += 1
                    return fault.act(exchange, forward, self)
            return forward()

        for one in (self.s3_proxy, self.endpoint_proxy):
            one.seen.clear()
            one.intervene = intervene
        try:
            yield injected
        finally:
            for one in (self.s3_proxy, self.endpoint_proxy):
                one.intervene = lambda exchange, forward: forward()

    @contextlib.contextmanager
    def relayed(self, relay: Relay | None, seed: int) -> Iterator[None]:
        """Notifications take a way of ours: each is copied and held back as the relay says."""
        if relay is None:
            yield
            return
        stations = self.sqs.create_queue(QueueName=f"relay-{seed}")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=stations, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        usual = self.s3.get_bucket_notification_configuration(Bucket=self.bucket)
        usual.pop("ResponseMetadata")
        [configuration] = usual["QueueConfigurations"]
        over = threading.Event()
        chance = random.Random(seed)

        def forward() -> None:
            while not over.is_set():
                answer = self.sqs.receive_message(QueueUrl=stations, MaxNumberOfMessages=10, WaitTimeSeconds=1)
                for message in answer.get("Messages", []):
                    for _ in range(relay.copies):
                        delay = round(chance.uniform(0, relay.late))
                        self.sqs.send_message(QueueUrl=self.queue, MessageBody=message["Body"], DelaySeconds=delay)
                    self.sqs.delete_message(QueueUrl=stations, ReceiptHandle=message["ReceiptHandle"])

        changed = {**usual, "QueueConfigurations": [{**configuration, "QueueArn": arn}]}
        self.s3.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration=changed)
        thread = threading.Thread(target=forward, daemon=True)
        thread.start()
        try:
            yield
            while pending(self.sqs, stations):
                time.sleep(0.2)
        finally:
            over.set()
            thread.join()
            self.s3.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration=usual)
            self.sqs.delete_queue(QueueUrl=stations)

    # Running.

    def upload(self, run: str, images: int, seed: int, overwrites: int = 0) -> None:
        """Images and a few files that are none; the last `overwrites` of them over the first ones."""
        chance = random.Random(seed)
        good = sorted(name for name in self.contents if name in GOOD_FILES)
        bad = sorted(name for name in self.contents if name not in GOOD_FILES)
        names = [f"{n:05} {POISON}.png" if n % max(1, images // 3) == 1 else f"{n:05}.png" for n in range(images)]
        puts = [(name, chance.choice(bad if chance.random() < BAD else good)) for name in names]
        puts += [(names[n % images], chance.choice(good)) for n in range(overwrites)]
        inbox = self.prefixes[0]

        def put(one: tuple[str, str]) -> None:
            self.s3.put_object(Bucket=self.bucket, Key=inbox + run + one[0], Body=self.contents[one[1]])

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(put, puts[:images]))
        for one in puts[images:]:
            put(one)

    def settle(self, run: str, ready: Callable[[], bool] = lambda: True) -> None:
        """Waits until the queue is empty for good: nothing in it, in flight or delayed."""
        quiet, progress, changed = 0, "", time.monotonic()
        while quiet < 5:
            time.sleep(0.3)
            waiting = pending(self.sqs, self.queue)
            quiet = quiet + 1 if not waiting and ready() else 0
            if str(waiting) != progress:
                progress, changed = str(waiting), time.monotonic()
            if time.monotonic() - changed > PATIENCE:
                return

    def letters(self, run: str) -> list[DeadLetter]:
        with dead_letters.read_dead_letters(self.sqs, self.dead) as found:
            return [one for one in found if any(run in key for key in one.images)]

    def judge(self, run: str, may_die: Callable[[str, str], bool] = nobody_dies) -> Findings:
        reasons = {key: one.reason for one in self.letters(run) for key in one.images}
        return judged(self.s3, self.bucket, self.prefixes, run, self.etags, self.references, reasons, may_die)

    def disturb_queue(self, run: str, count: int) -> list[str]:
        """Sends S3's test event, and messages that are no events: returns those, which must become dead letters."""
        test = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": self.bucket})
        strangers = [json.dumps({"stranger": run, "number": n}) for n in range(count)]
        strangers += [f"no JSON {run} {n}" for n in range(count)]
        for body in [*strangers, *([test] * count)]:
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)
        return strangers

    def unburied(self, strangers: Sequence[str]) -> list[str]:
        """What is wrong with the dead letters that are no events: each must lie there, with its reason."""
        with dead_letters.read_dead_letters(self.sqs, self.dead) as found:
            lying = [one for one in found if not one.images]
        # A function that is killed after it has sent one sends it a second time.
        bodies = {one.body for one in lying}
        wrong = [f"lost: {body}" for body in strangers if body not in bodies]
        wrong += [f"a dead letter without a reason: {one.body}" for one in lying if "no" not in one.reason]
        wrong += [f"not to be a dead letter: {one.body}" for one in lying if "TestEvent" in one.body]
        return wrong

    def redrive(self, run: str) -> int:
        return dead_letters.redrive(
            self.sqs, self.dead, self.queue, lambda one: any(run in key for key in one.images), lambda count: None
        )


def contents() -> dict[str, bytes]:
    """The sample faces, and files of the kinds that people drop by mistake."""
    faces = {name: path.read_bytes() for name, path in GOOD_FILES.items()}
    whole = faces["happy/1.png"]
    return {**faces, "empty": b"", "a text": b"Not an image.", "cut off": whole[:300], "header alone": whole[:33]}


@contextlib.contextmanager
def application(visibility: int = VISIBILITY) -> Iterator[Application]:
    """Deployed, disturbed by nothing yet, and with what it says of each content known."""
    with proxy() as s3_proxy, proxy() as endpoint_proxy:
        variables = {
            "AWS_ENDPOINT_URL_S3": s3_proxy.url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": endpoint_proxy.url,
        }
        with start_application(variables=variables) as cloud:
            s3_proxy.upstream, endpoint_proxy.upstream = cloud.url, str(cloud.endpoint_url)
            running = Application(cloud, s3_proxy, endpoint_proxy, contents(), visibility)
            learn(running)
            yield running


def learn(application: Application) -> None:
    """References: the documents of an undisturbed run."""
    inbox, results, rejected = application.prefixes
    run = "reference/"
    for number, data in enumerate(application.contents.values()):
        application.s3.put_object(Bucket=application.bucket, Key=f"{inbox}{run}{number}", Body=data)
    application.settle(run)
    for number, name in enumerate(application.contents):
        place = results if name in GOOD_FILES else rejected
        answer = application.s3.get_object(Bucket=application.bucket, Key=f"{place}{run}{number}.json")
        application.references[name] = json.loads(answer["Body"].read())


def run(application: Application, trial: Trial, images: int, seed: int) -> Result:
    """A trial while images come in; judged when nothing moves any more.

    Where images are to end among the dead letters, it is seen that they do, and then that they come back.
    """
    began = time.monotonic()
    where = f"{trial.name} {seed}/"
    with application.relayed(trial.relay, seed), application.disturbed(trial.faults, seed) as injected:
        application.upload(where, images, seed, round(trial.overwrites * images))
        strangers = application.disturb_queue(where, trial.foreign)
        application.settle(where)
        findings = application.judge(where, trial.may_die)
        letters = application.letters(where)
    if trial.dead:
        application.redrive(where)
        application.settle(where)
        healed = application.judge(where)
        healed.dead, findings = findings.dead, healed
        if not trial.under:
            # What is refused for good is not tried again. What ends functions can't be known to.
            findings.strays += [f"{one.images} was tried {one.attempts} times" for one in letters if one.attempts > 1]
        if not findings.dead:
            findings.strays.append("no dead letters, where there should have been some")
    findings.strays += application.unburied(strangers)
    if trial.faults and not injected:
        findings.strays.append("nothing was disturbed: take more images, or another seed")
    return Result(trial, findings, injected, time.monotonic() - began)


def owner(port: int) -> int | None:
    """The process at the other end of a connection from a port of this machine."""
    for connection in psutil.net_connections("tcp4"):
        if connection.laddr and connection.laddr.port == port and connection.raddr:
            return connection.pid
    return None


def pending(sqs: Any, url: str) -> int:
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)

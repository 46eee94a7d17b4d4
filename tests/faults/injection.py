"""Injects faults into the requests of the deployed application, and disturbs its notifications."""

import contextlib
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import psutil

from tests.support.proxy import Caller, Exchange, Forward, Reply

from .application import Application, count_messages
from .catalogue import Fault
from .trials import Relay


class ApplicationWorld:
    """Carries out what acts do to the application (see acts.World)."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def kill(self, caller: Caller) -> None:
        send_signal(process_of(caller), signal.SIGKILL)

    def kill_later(self, caller: Caller, seconds: float) -> None:
        # The process is found now: later, another one may have the same port.
        timer = threading.Timer(seconds, send_signal, [process_of(caller), signal.SIGKILL])
        timer.daemon = True
        timer.start()

    def freeze(self, caller: Caller) -> None:
        send_signal(process_of(caller), signal.SIGSTOP)

    def overwrite(self, key: str) -> None:
        contents = self.application.contents
        name = random.Random(key).choice(sorted(contents))
        self.application.s3.put_object(Bucket=self.application.bucket, Key=key, Body=contents[name])

    def remove(self, key: str) -> None:
        self.application.s3.delete_object(Bucket=self.application.bucket, Key=key)


def send_signal(process: psutil.Process | None, number: signal.Signals) -> None:
    """Sends a signal to a process, unless it has ended. psutil notices when another process has its number."""
    if process:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def process_of(caller: Caller) -> psutil.Process | None:
    """The process at this end of a connection; None if the connection is closed."""
    for connection in psutil.net_connections("tcp4"):
        ends = connection.laddr and connection.raddr and (connection.laddr.port, connection.raddr.port)
        if ends == (caller.port, caller.server_port) and connection.pid:
            with contextlib.suppress(psutil.NoSuchProcess):
                return psutil.Process(connection.pid)
    return None


@contextlib.contextmanager
def inject(application: Application, faults: Sequence[Fault], seed: int) -> Iterator[Counter[str]]:
    """Lets faults hit the requests of S3 and the endpoint. Yields how often each fault has hit one, by its name."""
    injected: Counter[str] = Counter()
    lock = threading.Lock()
    began = time.monotonic()
    world = ApplicationWorld(application)

    def intervene(exchange: Exchange, forward: Forward) -> Reply | None:
        for fault in faults:
            over = fault.lasting is not None and time.monotonic() - began > fault.lasting
            with lock:
                hit = not over and fault.hits(exchange, seed, injected[fault.name])
                if hit:
                    injected[fault.name] += 1
            if hit:
                return fault.act(exchange, forward, world)
        return forward()

    proxies = (application.s3_proxy, application.endpoint_proxy)
    for proxy in proxies:
        proxy.seen.clear()
        proxy.intervene = intervene
    try:
        yield injected
    finally:
        for proxy in proxies:
            proxy.intervene = lambda exchange, forward: forward()


@contextlib.contextmanager
def relay_notifications(application: Application, relay: Relay | None, seed: int) -> Iterator[None]:
    """Sends the bucket's notifications through a queue of ours, which copies and delays them."""
    if relay is None:
        yield
        return
    sqs, s3, bucket = application.sqs, application.s3, application.bucket
    relay_queue = sqs.create_queue(QueueName=f"relay-{seed}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=relay_queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    original = s3.get_bucket_notification_configuration(Bucket=bucket)
    original.pop("ResponseMetadata")
    over = threading.Event()
    generator = random.Random(seed)

    def forward_messages() -> None:
        while not over.is_set():
            answer = sqs.receive_message(QueueUrl=relay_queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                for _ in range(relay.copies):
                    delay = round(generator.uniform(0, relay.late))
                    sqs.send_message(QueueUrl=application.queue, MessageBody=message["Body"], DelaySeconds=delay)
                sqs.delete_message(QueueUrl=relay_queue, ReceiptHandle=message["ReceiptHandle"])

    relayed = {**original, "QueueConfigurations": [{**one, "QueueArn": arn} for one in original["QueueConfigurations"]]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=relayed)
    thread = threading.Thread(target=forward_messages, daemon=True)
    thread.start()
    try:
        yield
        while count_messages(sqs, relay_queue):
            time.sleep(0.2)
    finally:
        over.set()
        thread.join()
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=original)
        sqs.delete_queue(QueueUrl=relay_queue)

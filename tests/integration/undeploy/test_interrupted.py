"""`undeploy` can be interrupted at any point, and run again."""

from typing import Any

import pytest

from tests.support.undeploying import NAMES, Deployments


class Interruption:
    """Somebody presses Ctrl-C when a client is about to send a request.

    after: how many requests that change something are sent before.
    """

    def __init__(self, deployments: Deployments, after: int) -> None:
        self.left = after
        self.clients = list(deployments.clients.values())
        for client in self.clients:
            client.meta.events.register("before-call", self.interrupt)

    def interrupt(self, model: Any, **_: Any) -> None:
        if model.name.startswith(("Delete", "Put")):
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt

    def end(self) -> None:
        for client in self.clients:
            client.meta.events.unregister("before-call", self.interrupt)


@pytest.mark.parametrize("keep_data", [False, True])
def test_an_interrupted_removal_is_finished_by_the_same_command(deployments: Deployments, keep_data: bool) -> None:
    requests, is_interrupted = 0, True
    while is_interrupted:
        deployments.whole()
        interruption = Interruption(deployments, requests)
        try:
            deployments.undeploy(keep_data)
            is_interrupted = False
        except KeyboardInterrupt:
            pass
        finally:
            interruption.end()
        assert deployments.undeploy(keep_data)
        assert deployments.left() == ({NAMES.bucket, NAMES.artifacts_bucket} if keep_data else set())
        assert deployments.undeploy()
        assert deployments.left() == set()
        requests += 1
    # Two stacks, the logs and the tag, and without keep_data two buckets, which are emptied before.
    assert requests > (4 if keep_data else 8)


def test_images_that_arrive_during_the_removal_are_deleted_too(deployments: Deployments) -> None:
    deployments.whole()
    uploads = iter(["inbox/late.png", "inbox/later.png"])

    def upload(params: dict[str, Any], **_: Any) -> None:
        if NAMES.bucket in params["url"] and (key := next(uploads, None)):
            deployments.account.client("s3").put_object(Bucket=NAMES.bucket, Key=key, Body=b"1")

    deployments.s3.meta.events.register("before-call.s3.DeleteBucket", upload)
    assert deployments.undeploy()
    assert deployments.left() == set()
    assert next(uploads, None) is None

"""The command `undeploy` removes the real application and the real hosting stack, and both can be deployed again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deployment.endpoint import TEMPLATE
from local.paths import ROOT
from local.stack import CODE_BUCKET, create_stack, finish_deployment
from tests.support.bucket import Bucket
from tests.support.operating import run_at_terminal
from tests.support.undeploying import IMAGE, NAMES, Deployments, hosting_parameters


@pytest.fixture
def account(deployments: Deployments) -> Iterator[Deployments]:
    """An account whose code is in a bucket that is no part of the deployment."""
    yield deployments
    for key in deployments.keys(CODE_BUCKET):
        deployments.s3.delete_object(Bucket=CODE_BUCKET, Key=key)
    deployments.s3.delete_bucket(Bucket=CODE_BUCKET)


def deploy(account: Deployments, **parameters: str) -> Bucket:
    """Deploys hosting.yaml and template.yaml."""
    account.artifacts()
    hosting = {**hosting_parameters(), "Image": IMAGE}
    account.start(NAMES.model_stack, TEMPLATE.read_text(), hosting, Capabilities=["CAPABILITY_IAM"])
    create_stack(account.account.cloud, **parameters)
    assert account.settle(NAMES.model_stack) == "CREATE_COMPLETE"
    return Bucket.in_cloud(finish_deployment(account.account.cloud))


def undeploy(account: Deployments, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs the command without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "deployment", "undeploy", *options],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **account.account.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def type_in(account: Deployments, answer: str) -> subprocess.CompletedProcess[str]:
    """Runs the command at a terminal, where somebody types the answer."""
    return run_at_terminal(["deployment", "undeploy"], account.account.environment, answer)


def test_a_deployment_is_removed_when_its_name_is_typed_and_can_be_made_again(
    account: Deployments, sample: bytes
) -> None:
    bucket = deploy(account)
    for _ in range(2):
        stored = bucket.upload("twice.png", sample)
        bucket.await_document("twice.png", stored["VersionId"])
    bucket.upload_without_event("deleted.png", sample)
    bucket.s3.delete_object(Bucket=bucket.name, Key=bucket.inbox + "deleted.png")
    bucket.s3.put_object(Bucket=bucket.name, Key="notes outside the prefixes.txt", Body=b"")
    before = account.left()

    shown = undeploy(account, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert f"bucket    {bucket.name}" in shown.stdout
    assert "there is no terminal: add --yes, or --dry-run" in undeploy(account).stderr
    assert "that is not mien: nothing was deleted" in type_in(account, "mine").stderr
    assert account.left() == before

    done = type_in(account, "mien")
    assert done.returncode == 0, done.stderr
    assert "will be lost for good. Type mien to delete what is listed above" in done.stderr
    assert "Everything that was listed is deleted from account 000000000000, region us-east-1." in done.stdout
    assert account.left() == {CODE_BUCKET}

    again = deploy(account)
    assert again.name == bucket.name
    assert again.classify("new.png", sample)["label"] == "happy"


def test_images_that_were_kept_are_adopted_by_the_next_deployment(account: Deployments, sample: bytes) -> None:
    bucket = deploy(account)
    bucket.classify("old.png", sample)
    assert "QueueConfigurations" in bucket.s3.get_bucket_notification_configuration(Bucket=bucket.name)
    kept = undeploy(account, "--keep-data", "--yes")
    assert kept.returncode == 0, kept.stderr
    assert account.left() == {CODE_BUCKET, NAMES.bucket, NAMES.artifacts_bucket}
    assert bucket.keys() == ["inbox/old.png", "results/old.png.json"]
    # Uploads to the bucket go on without the queue that is gone.
    assert "QueueConfigurations" not in bucket.s3.get_bucket_notification_configuration(Bucket=bucket.name)
    bucket.upload("meanwhile.png", sample)

    adopted = deploy(account, ExistingBucket=bucket.name)
    environment = {"PATH": os.environ["PATH"], **account.account.environment}
    connected = subprocess.run([sys.executable, "-m", "operate", "connect"], cwd=ROOT, env=environment)
    assert connected.returncode == 0
    assert adopted.classify("new.png", sample)["label"] == "happy"


def test_ctrl_c_says_how_to_go_on(account: Deployments) -> None:
    deploy(account)
    endpoint = account.account.sagemaker.endpoints[NAMES.endpoint]

    def go_on() -> None:
        endpoint.status, endpoint.pending = "Updating", go_on

    go_on()
    with subprocess.Popen(
        [sys.executable, "-m", "deployment", "undeploy", "--yes"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **account.account.environment},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        # The endpoint is changing, so the command waits for it.
        shown = iter(process.stderr.readline, f"endpoint {NAMES.endpoint} ...\n")
        assert "Deleted stack mien.\n" in list(shown)
        process.send_signal(signal.SIGINT)
        assert "To delete the rest, run the same command again." in process.stderr.read()
    assert process.returncode == 130
    assert NAMES.stack not in account.left()
    assert account.left() > {NAMES.model_stack, NAMES.endpoint, NAMES.bucket}
    endpoint.status, endpoint.pending = "InService", None

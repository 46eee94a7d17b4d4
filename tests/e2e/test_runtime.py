"""The example events through Lambda's runtime interface: the package of `sam build`, awslambdaric, AWS's emulator."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from local import sam, template
from local.cloud import Cloud
from local.package import LAYER_FOLDER
from local.paths import BUILD, ROOT, SAMPLES
from local.processes import free_port
from local.stack import start_application

EVENTS = Path(__file__).parents[2] / "events"
# The uploads that each event names, and the samples whose digests it has.
EXPECTED = {
    "s3-put.json": {"happy/1.png": "happy/1.png"},
    "sqs-uploads.json": {
        "a face.png": "surprise/1.png",
        "one+two.png": "neutral/1.png",
        "100%.png": "sad/2.png",
        "été/visage.png": "angry/2.png",
    },
    "sqs-test-event.json": {},
}


def emulator() -> Path:
    """The emulator, which is part of the SAM CLI's package."""
    command = shutil.which("sam")
    assert command, "the SAM CLI is not on the PATH; `make test-sam` sees to that"
    [found] = Path(command).parent.parent.glob(
        f"lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{sam.architecture()}"
    )
    return found


@pytest.fixture(scope="module")
def cloud() -> Iterator[tuple[Cloud, dict[str, str]]]:
    """The cloud, and the environment in which the functions find it."""
    with start_application() as running:
        assert running.endpoint_url
        addresses = {"AWS_ENDPOINT_URL": running.url, "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": running.endpoint_url}
        yield running, {**addresses, **running.credentials, **template.function_environment(running.references)}


@contextlib.contextmanager
def interface(function: str, handler: str, environment: dict[str, str], runtime: Sequence[Path] = ()) -> Iterator[Any]:
    """runtime: folders with other packages than this environment has, as if they came with Lambda's runtime."""
    package, port, api = sam.BUILT / function, free_port(), free_port()
    variables = {
        "PATH": os.environ["PATH"],
        # Lambda has the layer's folder on the path too.
        "PYTHONPATH": os.pathsep.join(map(str, (package, sam.BUILT / "Layer" / LAYER_FOLDER, *runtime))),
        "LAMBDA_TASK_ROOT": str(package),
        "AWS_LAMBDA_FUNCTION_NAME": function,
        **environment,
    }
    listening = [
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{port}",
        "--runtime-api-address",
        f"127.0.0.1:{api}",
    ]
    command = [str(emulator()), *listening, sys.executable, "-m", "awslambdaric", handler]
    address = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"

    def invoke(event: bytes) -> Any:
        for _ in range(100):
            try:
                with urllib.request.urlopen(urllib.request.Request(address, event), timeout=60) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                # The function could not start.
                return json.loads(error.read())
            except urllib.error.URLError:
                time.sleep(0.1)
        raise AssertionError("the emulator did not answer")

    with (BUILD / "runtime.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=package, env=variables, stdout=log, stderr=log, start_new_session=True)
        try:
            yield invoke
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    sam.build()


@pytest.fixture(scope="module")
def boto3_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Installs a set of requirements into a folder, as if it were the boto3 of Lambda's runtime."""

    def install(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        requirements = ROOT / "requirements" / f"{name}.txt"
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--target", str(folder)]
        subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, "--requirement", str(requirements)], check=True
        )
        return folder

    return install


def test_the_oldest_boto3_that_can_write_conditionally_is_enough(
    cloud: tuple[Cloud, dict[str, str]], boto3_of: Callable[[str], Path]
) -> None:
    running, environment = cloud
    s3, bucket = running.client("s3"), running.outputs["BucketName"]
    s3.upload_file(str(SAMPLES / "happy/1.png"), bucket, "inbox/happy/1.png")
    found = {"Bucket": bucket, "Key": "results/happy/1.png.json"}
    s3.get_waiter("object_exists").wait(**found, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    s3.delete_object(**found)
    runtime = [boto3_of("oldest-boto3")]
    # The warning says that aws/objects.py does not work with this boto3.
    variables = {**environment, "PYTHONWARNINGS": "error:botocore sends a request"}
    with interface("InboxFunction", "mien.handlers.inbox.handler", variables, runtime) as invoke:
        assert invoke((EVENTS / "s3-put.json").read_bytes()) == {"batchItemFailures": []}
    assert json.loads(s3.get_object(**found)["Body"].read())["label"] == "happy"


def test_a_boto3_that_can_not_write_conditionally_is_named(
    cloud: tuple[Cloud, dict[str, str]], boto3_of: Callable[[str], Path]
) -> None:
    _, environment = cloud
    runtime = [boto3_of("too-old-boto3")]
    with interface("InboxFunction", "mien.handlers.inbox.handler", environment, runtime) as invoke:
        answer = invoke((EVENTS / "s3-put.json").read_bytes())
    assert answer["errorMessage"].startswith(
        "botocore 1.35.68 is too old: PutObject has no IfMatch. The functions need 1.35.69"
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_a_storage_event_is_handled(name: str, cloud: tuple[Cloud, dict[str, str]]) -> None:
    running, environment = cloud
    s3, bucket = running.client("s3"), running.outputs["BucketName"]
    results = [f"results/{key}.json" for key in EXPECTED[name]]
    for key, sample in EXPECTED[name].items():
        s3.upload_file(str(SAMPLES / sample), bucket, f"inbox/{key}")
    # The uploads' own notifications come first. Documents that exist afterwards are results of this event.
    for result in results:
        s3.get_waiter("object_exists").wait(Bucket=bucket, Key=result, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        s3.delete_object(Bucket=bucket, Key=result)
    with interface("InboxFunction", "mien.handlers.inbox.handler", environment) as invoke:
        answer = invoke((EVENTS / name).read_bytes())
    assert answer == {"batchItemFailures": []}
    documents = [json.loads(s3.get_object(Bucket=bucket, Key=result)["Body"].read()) for result in results]
    assert [document["label"] for document in documents] == [
        sample.partition("/")[0] for sample in EXPECTED[name].values()
    ]


@pytest.mark.parametrize("name", ["api-base64.json", "api-json.json", "api-binary.json"])
def test_a_request_is_answered(name: str, cloud: tuple[Cloud, dict[str, str]]) -> None:
    _, environment = cloud
    with interface("ApiFunction", "mien.handlers.api.handler", environment) as invoke:
        answer = invoke((EVENTS / name).read_bytes())
    assert answer["statusCode"] == 200
    assert "happy" in answer["body"]

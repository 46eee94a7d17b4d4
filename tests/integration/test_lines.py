"""A stack that stores its results as JSON Lines, in an embedded cloud of its own."""

from collections.abc import Iterator

import pytest

from local.cloud import Cloud
from local.stack import start_application
from mien.logic.results import is_newer
from operate.dead_letters import count_messages
from tests.support.bucket import Bucket
from tests.support.lines import await_line, lines
from tests.support.operating import Operate
from tests.support.rest import Send, sending
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with start_application(ResultFormat="lines") as running:
        yield running


@pytest.fixture(scope="module")
def bucket(cloud: Cloud) -> Bucket:
    return Bucket.in_cloud(cloud)


@pytest.fixture(scope="module")
def send(cloud: Cloud) -> Send:
    return sending(cloud)


def upload(bucket: Bucket, name: str, data: bytes) -> str:
    return str(bucket.upload(name, data)["VersionId"])


@pytest.mark.parametrize("name", ["a face.png", "été/100%+🙂.png", "x" * 1000 + ".png"], ids=ascii)
def test_an_image_gets_a_line_with_the_document_that_it_would_have(name: str, bucket: Bucket, sample: bytes) -> None:
    version = upload(bucket, name, sample)
    line = await_line(bucket, name, "classified", version)
    assert (line["label"], line["image"]["bucket"], line["schema"]) == ("happy", bucket.name, 2)


def test_a_file_that_is_no_image_gets_a_line_that_says_so(bucket: Bucket) -> None:
    version = upload(bucket, "text.png", b"no image")
    assert await_line(bucket, "text.png", "rejected", version)["reason"] == "not_an_image"
    assert bucket.keys(bucket.rejected) == []


def test_images_that_arrive_together_share_an_object(bucket: Bucket, sample: bytes) -> None:
    names = [f"together/{number}.png" for number in range(20)]
    versions = {name: upload(bucket, name, sample) for name in names}
    for name, version in versions.items():
        await_line(bucket, name, "classified", version)
    holding = [key for key in bucket.keys(bucket.results) if b"together/" in read(bucket, key)]
    # The embedded cloud's batches have ten messages, and this client uploads one image after the other.
    assert len(holding) < len(names)
    for key in holding:
        assert key.startswith(f"{bucket.results}date=")


def test_an_image_that_is_uploaded_again_has_a_newer_line(bucket: Bucket, sample: bytes) -> None:
    first = upload(bucket, "twice.png", sample)
    old = await_line(bucket, "twice.png", "classified", first)
    second = upload(bucket, "twice.png", b"no image any more")
    new = await_line(bucket, "twice.png", "rejected", second)
    assert is_newer(new["image"]["sequencer"], old["image"]["sequencer"])
    assert old in lines(bucket, "twice.png")


def test_a_deleted_image_has_a_line_that_says_so_until_it_is_uploaded_again(bucket: Bucket, sample: bytes) -> None:
    await_line(bucket, "gone.png", "classified", upload(bucket, "gone.png", sample))
    bucket.s3.delete_object(Bucket=bucket.name, Key=f"{bucket.inbox}gone.png")
    line = await_line(bucket, "gone.png", "deleted")
    assert set(line["image"]) == {"bucket", "key", "sequencer"}
    await_line(bucket, "gone.png", "classified", upload(bucket, "gone.png", sample))


def test_the_version_before_a_deleted_one_is_classified_again(bucket: Bucket, sample: bytes) -> None:
    first = upload(bucket, "restored.png", sample)
    await_line(bucket, "restored.png", "classified", first)
    second = upload(bucket, "restored.png", b"no image")
    await_line(bucket, "restored.png", "rejected", second)
    bucket.s3.delete_object(Bucket=bucket.name, Key=f"{bucket.inbox}restored.png", VersionId=second)
    await_line(bucket, "restored.png", "classified", first)


def test_objects_of_lines_are_never_changed(bucket: Bucket, sample: bytes) -> None:
    await_line(bucket, "last.png", "classified", upload(bucket, "last.png", sample))
    stored = bucket.s3.list_object_versions(Bucket=bucket.name, Prefix=bucket.results)
    keys = [version["Key"] for version in stored["Versions"]]
    assert len(keys) == len(set(keys))
    assert "DeleteMarkers" not in stored


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/results"),
        ("GET", "/results/a%20face.png"),
        ("GET", "/folders"),
        ("GET", "/reviews"),
        ("PUT", "/reviews/a%20face.png"),
        ("DELETE", "/reviews/a%20face.png"),
    ],
)
def test_the_api_says_that_it_does_not_show_lines(method: str, path: str, send: Send) -> None:
    answer = send(method, path)
    assert (answer.status, answer.json["reason"]) == (409, "results_are_lines")


def test_the_api_still_classifies(send: Send, sample: bytes, bucket: Bucket) -> None:
    assert send("GET", "/health").json["results"] == "lines"
    upload(bucket, "by name.png", sample)
    for data, content_type in [(sample, "image/png"), (b'{"name": "by name.png"}', "application/json")]:
        assert send("POST", "/classify", data, Content_Type=content_type).json["label"] == "happy"


def test_a_forgotten_image_is_in_no_line_once_a_run_finds_no_image(
    bucket: Bucket, cloud: Cloud, sample: bytes, operate: Operate
) -> None:
    names = ("forgotten/1.png", "forgotten/2.png", "kept.png")
    for name, version in {name: upload(bucket, name, sample) for name in names}.items():
        await_line(bucket, name, "classified", version)
    first = operate("forget", "forgotten/", "--yes")
    assert first.returncode == 1, first.stdout + first.stderr
    assert "Deleted 2 images" in first.stdout
    assert "The stack will now write lines that say that these images are deleted." in first.stdout
    # The lines about the deletion can come while the first run is still looking for what is left, or after it.
    assert eventually(lambda: count_messages(cloud.client("sqs"), cloud.outputs["QueueUrl"]) == 0)
    second = operate("forget", "forgotten/", "--yes")
    assert second.returncode == 0, second.stdout + second.stderr
    stored = bucket.s3.list_object_versions(Bucket=bucket.name, Prefix=bucket.results)["Versions"]
    assert not any(b"forgotten/" in read(bucket, version["Key"]) for version in stored)
    assert lines(bucket, "kept.png")[-1]["status"] == "classified"


def test_there_are_no_reviews_to_count(operate: Operate) -> None:
    refused = operate("reviews")
    assert refused.returncode == 1
    assert refused.stderr == "the stack mien stores its results as lines, so there are no reviews\n"


@pytest.mark.parametrize("command", ["variables", "dead-letters", "redrive"])
def test_the_commands_that_read_no_results_work(operate: Operate, command: str) -> None:
    done = operate(command)
    assert done.returncode == 0, done.stderr


def read(bucket: Bucket, key: str) -> bytes:
    return bytes(bucket.s3.get_object(Bucket=bucket.name, Key=key)["Body"].read())

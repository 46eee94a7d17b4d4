"""The most memory that one invocation of the InboxFunction uses."""

from collections.abc import Callable

import pytest
from PIL import Image

from local import template
from local.cloud import Cloud
from mien.logic.images import MAX_BYTES
from tests import corpus
from tests.corpus.largest import LARGEST_FILES
from tests.corpus.pictures import File, Good
from tests.support.bucket import Bucket
from tests.support.messages import message
from tests.support.peak import run_handler

SIDE = 7071  # 50 million pixels, the most that are accepted


def the_largest_accepted_images() -> dict[str, File]:
    """Ten files with the most pixels and the most bytes. Bytes after the end of a PNG are not read."""
    image = corpus.encoded(Image.new("RGBA", (SIDE, SIDE), (9, 9, 9, 9)), "PNG", compress_level=1)
    return {f"{n}.png": Good(image + bytes(MAX_BYTES - len(image)), 0) for n in range(10)}


def the_largest_image_of_each_format() -> dict[str, File]:
    return {name: make() for name, make in LARGEST_FILES.items()}


@pytest.mark.parametrize("states_size", [True, False], ids=["true sizes", "false sizes"])
@pytest.mark.parametrize(
    "files", [the_largest_accepted_images, the_largest_image_of_each_format], ids=lambda f: f.__name__
)
def test_a_batch_uses_less_than_half_of_the_functions_memory(
    files: Callable[[], dict[str, File]], states_size: bool, cloud: Cloud, bucket: Bucket
) -> None:
    names = []
    sizes = []
    statuses = []
    for name, file in files().items():
        names.append(f"{files.__name__}/{states_size}/{name}")
        sizes.append(len(file.data) if states_size else 1)
        # A transparent image is rejected only after all of its pixels were decoded.
        statuses.append("no_face" if isinstance(file, Good) else "rejected")
        bucket.s3.put_object(Bucket=bucket.name, Key=f"elsewhere/{names[-1]}", Body=file.data)
    # No notification is sent for this prefix, so the deployed function does not read the images as well.
    environment = template.function_environment({**cloud.references, "InboxPrefix": "elsewhere/"})
    sized = zip(names, sizes, strict=True)
    records = [message(bucket.name, f"elsewhere/{name}", "0A", name, size=size) for name, size in sized]
    event = {"Records": records}
    addresses = {"AWS_ENDPOINT_URL": cloud.url, "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": str(cloud.endpoint_url)}
    answer, megabytes = run_handler("mien.handlers.inbox", event, {**addresses, **cloud.credentials, **environment})
    assert answer == {"batchItemFailures": []}
    assert [bucket.documents(name)[0]["status"] for name in names] == statuses
    limit = template.load_template()["Globals"]["Function"]["MemorySize"]
    assert megabytes < limit / 2

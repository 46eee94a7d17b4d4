"""The URLs of upload forms and of pictures."""

import pytest

from local.template import load_template, resolve_text
from mien.aws.forms import make_forms
from mien.aws.listing import Listing
from mien.aws.pictures import sign
from tests.support.pictures import SETTINGS


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1"])
def test_forms_and_pictures_use_the_origin_that_the_pages_policy_allows(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 has several host names for a bucket. A browser blocks those that the policy does not list."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    written = load_template()["Resources"]["PageFunction"]["Properties"]["Environment"]["Variables"]["BUCKET_ORIGIN"]
    values = {"ExistingBucket": "faces", "AWS::Region": region, "AWS::URLSuffix": suffix}
    origin = resolve_text(written, values)
    listing = Listing(SETTINGS, "faces")
    assert make_forms(listing.s3, "faces", "inbox/a/")["url"] == f"{origin}/"
    assert sign(listing.s3, "faces", "inbox/a/1.png").startswith(f"{origin}/inbox/a/1.png?X-Amz-Algorithm=")

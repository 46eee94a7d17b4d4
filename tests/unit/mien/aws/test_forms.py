"""Upload forms: which folders they accept, and where they and the pictures point to."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.template import load_template
from mien.aws.forms import make_forms
from mien.aws.listing import Listing
from mien.errors import InvalidRequest
from mien.logic.requests import JSON, MAX_PREFIX_BYTES, parse_prefix
from mien.settings import Settings

SETTINGS = Settings("faces", "batch", "inbox/", "results/", "rejected/")


@pytest.mark.parametrize(
    "prefix", ["a/", "a/b c/", "2026-11-25T16-30-05Z/", "Zoë's (new) photos/", "名前/", "a.b/..c/"]
)
def test_a_valid_folder_is_used_unchanged(prefix: str) -> None:
    assert parse_prefix(f'{{"prefix": "{prefix}"}}', "application/json; charset=utf-8") == prefix


@pytest.mark.parametrize(
    "body",
    [
        '{"prefix": ""}',
        '{"prefix": "a"}',
        '{"prefix": "/a/"}',
        '{"prefix": "../results/"}',
        '{"prefix": "a/./b/"}',
        '{"prefix": "a//b/"}',
        '{"prefix": "${filename}/"}',
        '{"prefix": "a\\\\u0000/"}',
        '{"prefix": "\\\\ud800/"}',
        '{"prefix": 1}',
        '{"folder": "a/"}',
        '{"prefix": "' + "é" * (MAX_PREFIX_BYTES // 2) + '/"}',
        "[]",
        "{",
        "[" * 100_000,
    ],
    ids=lambda body: body[:30],
)
def test_an_invalid_folder_is_refused_with_a_sentence(body: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_prefix(body, JSON)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")
    assert refused.value.detail.endswith(".")


def test_only_json_is_accepted() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_prefix("prefix=a/", "application/x-www-form-urlencoded")
    assert (refused.value.status, refused.value.headers) == (415, {"Accept": JSON})


@pytest.mark.parametrize("body", ["", "{}"])
def test_without_a_folder_each_request_gets_a_new_one(body: str) -> None:
    made = {parse_prefix(body, JSON) for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-[0-9a-f]{8}/", prefix) for prefix in made)


@given(st.text(max_size=30))
def test_no_accepted_folder_is_outside_the_inbox(text: str) -> None:
    try:
        prefix = parse_prefix(json.dumps({"prefix": text}), JSON)
    except InvalidRequest:
        return
    assert prefix.endswith("/")
    assert not prefix.startswith("/")
    assert not {"", ".", ".."} & set(prefix.removesuffix("/").split("/"))


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1"])
def test_forms_and_pictures_use_the_origin_that_the_pages_policy_allows(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 has several host names for a bucket. A browser blocks those that the policy does not list."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    written = load_template()["Resources"]["PageFunction"]["Properties"]["Environment"]["Variables"]["BUCKET_ORIGIN"]
    origin = written["Fn::Sub"].replace("${AWS::StackName}-${AWS::AccountId}-${AWS::Region}", "faces")
    origin = origin.replace("${AWS::Region}", region).replace("${AWS::URLSuffix}", suffix)
    listing = Listing(SETTINGS, "faces")
    assert make_forms(listing.s3, "faces", "inbox/a/")["url"] == f"{origin}/"
    stored = {"image": {"key": "inbox/a/1.png", "version_id": "v"}}
    assert listing.with_url(stored)["image"]["url"].startswith(f"{origin}/inbox/a/1.png?versionId=v&")


def test_no_url_is_signed_for_an_object_outside_the_inbox() -> None:
    stored = {"image": {"key": "results/1.png.json", "version_id": None}}
    assert Listing(SETTINGS, "faces").with_url(stored) == stored

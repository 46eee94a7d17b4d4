"""The limits that openapi.yaml states are those of the code."""

import re

from local import template
from mien.aws import folders, forms, listing, pictures
from mien.logic import images, prefixes, queries, requests
from mien.logic.bombs import MAX_COSTLY_PIXELS
from mien.logic.results import MAX_KEY_BYTES
from mien.pipeline import health
from tests.support.openapi import DOCUMENT, SCHEMAS

PATHS = DOCUMENT["paths"]


def test_the_size_of_a_request_is_limited_as_in_the_code() -> None:
    too_large = template.gateway_responses()["REQUEST_TOO_LARGE"]["responseTemplates"]["application/json"]
    assert SCHEMAS["File"]["maxLength"] == requests.MAX_BODY_BYTES
    assert SCHEMAS["Base64"]["maxLength"] == requests.MAX_BODY_BYTES * 4 // 3
    for text in (PATHS["/classify"]["post"]["description"], too_large):
        assert f"{requests.MAX_BODY_BYTES:,} bytes" in text


def test_the_number_of_images_in_a_request_is_limited_as_in_the_code() -> None:
    images_of_request = SCHEMAS["SeveralImages"]["properties"]["images"]
    results = SCHEMAS["Results"]["properties"]["results"]
    assert images_of_request["maxItems"] == results["maxItems"] == requests.MAX_IMAGES
    limits = f"Up to {requests.MAX_IMAGES} images, or up to {requests.MAX_CALLS} if"
    assert images_of_request["description"].startswith(limits)


def test_the_pixels_of_an_image_are_limited_as_in_the_code() -> None:
    assert SCHEMAS["Side"]["minimum"] == images.MIN_SIDE
    description = SCHEMAS["File"]["description"]
    assert f"at least {images.MIN_SIDE} pixels" in description
    assert f"up to {images.MAX_PIXELS:,} pixels" in description
    assert f"{MAX_COSTLY_PIXELS:,} for WebP" in description


def test_the_upload_forms_are_limited_as_in_the_code() -> None:
    description = PATHS["/uploads"]["post"]["description"]
    assert f"{forms.EXPIRES} seconds" in description
    assert f"{images.MAX_BYTES:,} bytes" in description
    properties = SCHEMAS["Forms"]["properties"]
    assert properties["max_bytes"] == {"const": images.MAX_BYTES}
    assert properties["expires_in"]["const"] == forms.EXPIRES
    assert sorted(properties["forms"]["required"]) == sorted(requests.IMAGES)
    assert sorted(properties["forms"]["properties"]) == sorted(requests.IMAGES)
    assert SCHEMAS["Folder"]["properties"]["prefix"]["maxLength"] == prefixes.MAX_PREFIX_BYTES


def test_the_lists_of_results_are_limited_as_in_the_code() -> None:
    description = PATHS["/results"]["get"]["description"]
    assert f"Up to {listing.PAGE} documents" in description
    assert f"up to {listing.MAX_READ} are read" in description
    assert f"up to {listing.MAX_LISTED * listing.MAX_LISTS:,} documents are listed" in description
    assert f"{listing.MAX_LISTED:,} with each call of S3" in description
    assert SCHEMAS["Page"]["properties"]["results"]["maxItems"] == listing.PAGE
    assert f"for {pictures.EXPIRES} seconds" in SCHEMAS["StoredImage"]["properties"]["url"]["description"]
    assert SCHEMAS["Key"]["maxLength"] == MAX_KEY_BYTES
    assert f"{MAX_KEY_BYTES:,} bytes" in SCHEMAS["Key"]["description"]
    assert SCHEMAS["After"]["anyOf"][0]["maxLength"] == MAX_KEY_BYTES
    longest = queries.format_next("x" * MAX_KEY_BYTES)
    for pattern in (SCHEMAS["After"]["anyOf"][1]["pattern"], SCHEMAS["Next"]["pattern"]):
        assert re.match(pattern, longest)
        assert not re.match(pattern, longest + "x")


def test_the_list_of_folders_is_limited_as_in_the_code() -> None:
    assert f"Up to {folders.FOLDERS} folders per page" in PATHS["/folders"]["get"]["description"]
    listed = SCHEMAS["Folders"]["properties"]["folders"]
    # The first page has an entry for the images beside the folders too.
    assert listed["maxItems"] == folders.FOLDERS + 1
    counts = listed["items"]["properties"]
    assert counts["documents"]["maximum"] == counts["rejected"]["maximum"] == listing.MAX_LISTED


def test_health_answers_the_limits_of_the_code() -> None:
    properties = SCHEMAS["Health"]["properties"]
    assert properties["max_image_bytes"]["const"] == images.MAX_BYTES
    assert properties["max_request_bytes"]["const"] == requests.MAX_BODY_BYTES
    assert f"up to {images.MAX_BYTES:,} bytes" in PATHS["/classify"]["post"]["description"]


def test_the_answer_of_health_is_as_old_as_the_code_allows() -> None:
    assert f"up to {health.INTERVAL:.0f} seconds old" in PATHS["/health"]["get"]["description"]

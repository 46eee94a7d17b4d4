"""The folders that have documents, and how many documents each has."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from mien.aws.folders import FOLDERS, MAX_LISTS, Folders
from mien.aws.listing import MAX_LISTED, TIMEOUTS, Listing
from mien.logic.deadline import Deadline
from mien.logic.queries import parse_folder_query
from tests.support.fake_s3 import STORED, FakeS3
from tests.support.openapi import SCHEMAS, schema_errors
from tests.support.pictures import SETTINGS

LONG = Deadline(1e9)


def folders_of(*keys: str, stored: dict[str, datetime] | None = None) -> Folders:
    """A bucket with objects of these keys. Their content is not a document, because nothing reads it.

    A key below the rejections is the copy of a document below the results.
    """
    listing = Listing(SETTINGS, "bucket")
    documents = [key.replace("rejected/", "results/", 1) for key in keys]
    listing.__dict__["s3"] = FakeS3(dict.fromkeys([*keys, *documents], b""), stored or {})
    return Folders(listing)


def pages(folders: Folders, deadline: Deadline = LONG, **parameters: str) -> list[list[dict[str, Any]]]:
    found, after = list[list[dict[str, Any]]](), dict[str, str]()
    while True:
        page, following = folders.page(parse_folder_query(parameters | after), deadline)
        body = {"folders": page} | ({"next": following} if following else {})
        assert schema_errors(body, SCHEMAS["Folders"]) == []
        found.append(page)
        if following is None:
            return found
        after = {"after": following}


def names(folders: Folders, deadline: Deadline = LONG, **parameters: str) -> list[str]:
    return [folder["prefix"] for page in pages(folders, deadline, **parameters) for folder in page]


def test_a_folder_has_the_numbers_of_its_documents_and_the_time_of_the_newest() -> None:
    newest = {"results/a/3.png.json": STORED + timedelta(minutes=1)}
    keys = ["results/a/1.png.json", "results/a/b/2.png.json", "rejected/a/3.png.json", "results/c/4.png.json"]
    first = {"prefix": "a/", "documents": 2, "rejected": 1, "has_more": False, "written": "2026-11-26T20:01:00Z"}
    second = {"prefix": "c/", "documents": 1, "rejected": 0, "has_more": False, "written": "2026-11-26T20:00:00Z"}
    assert pages(folders_of(*keys, stored=newest)) == [[first, second]]


def test_a_folder_may_have_only_rejections() -> None:
    [[folder]] = pages(folders_of("rejected/a/1.png.json"))
    assert (folder["prefix"], folder["documents"], folder["rejected"]) == ("a/", 0, 1)


def test_a_folder_without_a_document_is_not_listed() -> None:
    assert pages(folders_of("inbox/a/1.png", "results/b/", "results/c/note.txt")) == [[]]


def test_images_directly_in_the_inbox_are_the_first_entry() -> None:
    keys = ["results/!/1.png.json", "results/1.png.json", "results/2.png.json", "rejected/3.png.json", "results/x.txt"]
    [[own, folder]] = pages(folders_of(*keys))
    assert (own["prefix"], own["documents"], own["rejected"]) == ("", 2, 1)
    assert folder["prefix"] == "!/"


def test_the_folders_within_a_folder_are_listed_by_its_prefix() -> None:
    keys = ["results/a/1.png.json", "results/a/b/2.png.json", "rejected/a/c/d/3.png.json", "results/e/4.png.json"]
    assert names(folders_of(*keys), prefix="a/") == ["a/", "a/b/", "a/c/"]
    assert names(folders_of(*keys), prefix="a/c/") == ["a/c/d/"]
    assert names(folders_of(*keys), prefix="none/") == []


def test_at_most_a_thousand_documents_of_a_kind_are_counted() -> None:
    keys = [f"results/a/{number:04}.png.json" for number in range(MAX_LISTED + 1)]
    exactly = [key.replace("/a/", "/b/") for key in keys[:-1]]
    direct = [key.replace("/a/", "/") for key in keys]
    own, first, second = pages(folders_of(*keys, *exactly, *direct))[0]
    assert [(one["documents"], one["has_more"]) for one in (own, first, second)] == [
        (MAX_LISTED, True),
        (MAX_LISTED, True),
        (MAX_LISTED, False),
    ]


# Some sort around the slash, and some are beginnings of others.
NAMES = [
    "!",
    " b",
    "2026-11-26T20-00-00Z-ab12cd34",
    "a",
    "a!",
    "a-b",
    "a.b",
    "a0",
    "a0b",
    "a b",
    "%20",
    "ü +&#?",
    "~",
    "😀",
]


def test_names_of_every_form_are_listed_once_and_in_the_order_of_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one folder per page, every name is also the end of a page; with two keys per request, of a request."""
    monkeypatch.setattr("mien.aws.folders.FOLDERS", 1)
    monkeypatch.setattr("mien.aws.folders.MAX_LISTED", 2)
    kinds = ("results", "rejected", "results")
    keys = [f"{kinds[place % 3]}/{name}/{file}.json" for place, name in enumerate(NAMES) for file in "123"]
    ordered = sorted((f"{name}/" for name in NAMES), key=str.encode)
    assert names(folders_of(*keys)) == ordered
    between = [f"results/{name}.png.json" for name in NAMES]
    assert names(folders_of(*keys, *between)) == ["", *ordered]


def test_the_folders_of_both_kinds_are_merged_over_many_pages() -> None:
    wanted = [f"{number:03}/" for number in range(3 * FOLDERS)]
    keys = [f"{'results' if place % 3 else 'rejected'}/{name}1.png.json" for place, name in enumerate(wanted)]
    found = pages(folders_of(*keys))
    assert [folder["prefix"] for page in found for folder in page] == wanted
    assert [len(page) for page in found] == [FOLDERS] * 3


def test_an_after_in_the_middle_of_a_folder_lists_the_folders_behind_it() -> None:
    folders = folders_of("results/a/1.png.json", "results/b/1.png.json", "results/1.png.json")
    for after in ("a/", "a/1", "a/0.png"):
        assert names(folders, after=after) == ["b/"]


def test_a_folder_whose_name_the_list_of_results_refuses_is_left_out() -> None:
    assert names(folders_of("results/a\tb/1.png.json", "results/c/1.png.json")) == ["c/"]


def test_many_images_beside_the_folders_do_not_hide_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.aws.folders.MAX_LISTED", 2)
    keys = [f"results/{number:03}.png.json" for number in range(3 * MAX_LISTS)]
    found = pages(folders_of(*keys, "results/z/1.png.json"))
    assert [folder["prefix"] for page in found for folder in page] == ["", "z/"]
    assert found[0][0]["has_more"]
    assert len(found) > 1


def test_without_time_a_page_has_fewer_folders_and_the_next_one_goes_on() -> None:
    wanted = [f"{number:03}/" for number in range(FOLDERS)]
    folders = folders_of(*(f"results/{name}1.png.json" for name in wanted))
    found = pages(folders, Deadline(TIMEOUTS.longest - 1, clock=lambda: 0))
    assert [folder["prefix"] for page in found for folder in page] == wanted
    assert len(found) > 1


def test_a_page_of_folders_costs_two_requests_and_two_for_each_folder() -> None:
    folders = folders_of(*(f"results/{number:03}/1.png.json" for number in range(FOLDERS)))
    pages(folders)
    assert folders.listing.s3.requests == ["list_objects_v2"] * (2 + 2 * FOLDERS)

"""The stored results: the page filters, sorts, counts, shows and downloads them as they are in S3."""

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.bucket import Bucket

from .conftest import FACES
from .visitor import TIMEOUT_MS, Visitor, file_payload

Documents = dict[str, dict[str, Any]]


@pytest.fixture
def documents(bucket: Bucket, stored_folder: str) -> Documents:
    """The result documents of all sample faces, by name."""
    found = bucket.results_in(stored_folder)
    assert len(found) == len(FACES)
    return found


@pytest.fixture
def reviewer(visitor: Visitor, stored_folder: str) -> Visitor:
    """A person who sees all results of one folder."""
    visitor.show_results(stored_folder, len(FACES))
    return visitor


def shown_names(visitor: Visitor) -> list[str]:
    return [card.name for card in visitor.result_cards()]


def chart_counts(visitor: Visitor) -> dict[str, int]:
    rows = visitor.page.locator("#label-chart > button").all()
    return {row.locator(".label").inner_text(): int(row.locator(".value").inner_text()) for row in rows}


def test_results_are_in_the_order_of_their_names_or_of_their_confidence(
    reviewer: Visitor, documents: Documents
) -> None:
    assert shown_names(reviewer) == sorted(documents)
    confidence = {name: document["confidence"] for name, document in documents.items()}
    reviewer.page.get_by_label("Order").select_option("Least certain first")
    assert [confidence[name] for name in shown_names(reviewer)] == sorted(confidence.values())
    reviewer.page.get_by_label("Order").select_option("Most certain first")
    assert [confidence[name] for name in shown_names(reviewer)] == sorted(confidence.values(), reverse=True)


def test_the_chart_shows_how_many_documents_have_each_label(reviewer: Visitor, documents: Documents) -> None:
    labels = Counter(document["label"] for document in documents.values())
    [classes] = {tuple(sorted(document["probabilities"])) for document in documents.values()}
    assert chart_counts(reviewer) == {label: labels[label] for label in classes}


def test_filters_show_exactly_the_documents_with_matching_label_and_confidence(
    reviewer: Visitor, documents: Documents
) -> None:
    page = reviewer.page
    chosen = {"happy", "neutral"}
    for label in chosen:
        page.locator("#label-chart").get_by_role("button", name=label).click()
    of_labels = {name for name, document in documents.items() if document["label"] in chosen}
    reviewer.wait_for_results(len(of_labels))
    assert set(shown_names(reviewer)) == of_labels

    page.locator("#min-confidence").fill("50")
    page.locator("#max-confidence").fill("90")
    certain = {name for name, document in documents.items() if 0.5 <= document["confidence"] <= 0.9}
    reviewer.wait_for_results(len(of_labels & certain))
    assert set(shown_names(reviewer)) == of_labels & certain
    # The chart ignores the selected labels, so that a person sees how many documents the other labels have.
    assert +Counter(chart_counts(reviewer)) == Counter(documents[name]["label"] for name in certain)

    for label in chosen:
        page.locator("#label-chart").get_by_role("button", name=label, pressed=True).click()
    reviewer.wait_for_results(len(certain))
    assert set(shown_names(reviewer)) == certain


def test_downloads_equal_the_documents_in_s3(reviewer: Visitor, documents: Documents, tmp_path: Path) -> None:
    reviewer.page.locator("#label-chart").get_by_role("button", name="happy").click()
    happy = {name: document for name, document in documents.items() if document["label"] == "happy"}
    reviewer.wait_for_results(len(happy))
    with reviewer.page.expect_download() as download:
        reviewer.page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == shown_names(reviewer)
    for row in rows:
        document = happy[row["image"]]
        numbers = {"confidence": document["confidence"], **document["probabilities"]}
        assert {name: float(row[name]) for name in numbers} == numbers
        assert (row["label"], row["status"], row["faces"], row["face"]) == ("happy", "classified", "1", "1")

    with reviewer.page.expect_download() as download:
        reviewer.page.get_by_role("button", name="Download JSON Lines").click()
    download.value.save_as(tmp_path / "results.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert sorted(lines, key=lambda line: str(line["image"]["key"])) == [happy[name] for name in sorted(happy)]


def test_rejected_images_are_shown_with_their_reason_on_request(visitor: Visitor, one_pixel_png: bytes) -> None:
    visitor.choose_files(file_payload("face.png", FACES[0].read_bytes()), file_payload("tiny.png", one_pixel_png))
    visitor.wait_for_labels(2, "1 labelled, 1 refused")
    visitor.batch.get_by_role("button", name="Show in the results").click()
    visitor.page.get_by_role("radio", name="Photos").check()
    visitor.wait_for_results(1)
    for group in (*chart_counts(visitor),):
        visitor.press_group(group)
    visitor.wait_for_results(2)
    assert {card.name: bool(card.label) for card in visitor.result_cards()} == {
        visitor.folder + "face.png": True,
        visitor.folder + "tiny.png": False,
    }
    expect(visitor.page.locator("#results")).to_contain_text("pixels")


def test_a_document_whose_image_is_gone_is_shown_without_a_picture(
    visitor: Visitor, bucket: Bucket, documents: Documents
) -> None:
    """It can be read for the moment between the deletion of an image and that of its document."""
    document = next(iter(documents.values()))
    image = {**document["image"], "key": f"{bucket.inbox}gone/1.png"}
    body = json.dumps({**document, "image": image}).encode()
    bucket.s3.put_object(Bucket=bucket.name, Key=f"{bucket.results}gone/1.png.json", Body=body)
    requests: list[str] = []
    visitor.page.on("request", lambda request: requests.append(request.url))
    visitor.show_results("gone/", 1)
    expect(visitor.page.locator("#results .placeholder")).to_contain_text("no preview")
    assert not [url for url in requests if url.endswith("1.png")]
    bucket.s3.delete_object(Bucket=bucket.name, Key=f"{bucket.results}gone/1.png.json")


def test_a_new_batch_appears_in_the_results_without_a_refresh(visitor: Visitor) -> None:
    status = visitor.page.locator("#results-status")
    expect(status).to_have_text(re.compile("All results are loaded"))
    [before] = re.findall(r"([\d,]+) photo", status.inner_text())
    visitor.choose_files(*FACES[:2])
    visitor.wait_for_labels(2)
    after = int(before.replace(",", "")) + 2
    expect(status).to_contain_text(f"{after:,} photos. All results are loaded.", timeout=TIMEOUT_MS)


def test_the_viewer_shows_an_image_with_its_model_and_arrow_keys_change_the_image(
    reviewer: Visitor, documents: Documents
) -> None:
    page, [first, second, *_] = reviewer.page, shown_names(reviewer)
    page.get_by_role("button", name=f"Open {first}").click()
    viewer = page.get_by_role("dialog")
    for name, key in ((first, "ArrowRight"), (second, "ArrowLeft"), (first, "Escape")):
        expect(viewer.get_by_role("heading")).to_have_text(name)
        expect(viewer).to_contain_text(documents[name]["model"]["version"])
        expect(viewer.get_by_role("img", name=name)).to_have_js_property("naturalWidth", 48)
        page.keyboard.press(key)
    expect(viewer).to_be_hidden()

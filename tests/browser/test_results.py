"""The results of the inbox: filtered, ordered, counted, looked at and downloaded as they lie in S3."""

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import FACES, Bucket
from .visitor import Visitor, payload

Documents = dict[str, dict[str, Any]]


@pytest.fixture
def documents(bucket: Bucket, kept: str) -> Documents:
    found = bucket.documents(kept)
    assert len(found) == len(FACES)
    return found


@pytest.fixture
def reviewer(visitor: Visitor, kept: str) -> Visitor:
    """Looks at all results of one folder."""
    visitor.results(kept, len(FACES))
    return visitor


def names(visitor: Visitor) -> list[str]:
    return [card.name for card in visitor.cards("#results")]


def count(visitor: Visitor) -> dict[str, int]:
    rows = visitor.page.locator("#chart > button").all()
    return {row.locator(".class").inner_text(): int(row.locator(".share").inner_text()) for row in rows}


def test_the_least_certain_come_first_unless_another_order_is_chosen(reviewer: Visitor, documents: Documents) -> None:
    confidence = {name: document["confidence"] for name, document in documents.items()}
    assert [confidence[name] for name in names(reviewer)] == sorted(confidence.values())
    reviewer.page.get_by_label("Order").select_option("Most certain first")
    assert [confidence[name] for name in names(reviewer)] == sorted(confidence.values(), reverse=True)
    reviewer.page.get_by_label("Order").select_option("By name")
    assert names(reviewer) == sorted(documents)


def test_the_chart_counts_the_labels(reviewer: Visitor, documents: Documents) -> None:
    labels = Counter(document["label"] for document in documents.values())
    [classes] = {tuple(sorted(document["probabilities"])) for document in documents.values()}
    assert count(reviewer) == {label: labels[label] for label in classes}


def test_filters_show_exactly_the_documents_of_labels_and_confidences(reviewer: Visitor, documents: Documents) -> None:
    page = reviewer.page
    chosen = {"happy", "neutral"}
    for label in chosen:
        page.locator("#chart").get_by_role("button", name=label).click()
    of_labels = {name for name, document in documents.items() if document["label"] in chosen}
    reviewer.await_results(len(of_labels))
    assert set(names(reviewer)) == of_labels

    page.get_by_label("from").fill("50")
    page.get_by_label("to", exact=True).fill("90")
    certain = {name for name, document in documents.items() if 0.5 <= document["confidence"] <= 0.9}
    reviewer.await_results(len(of_labels & certain))
    assert set(names(reviewer)) == of_labels & certain
    # The chart is of all labels, so that one sees what else could be chosen.
    assert +Counter(count(reviewer)) == Counter(documents[name]["label"] for name in certain)

    for label in chosen:
        page.locator("#chart").get_by_role("button", name=label, pressed=True).click()
    reviewer.await_results(len(certain))
    assert set(names(reviewer)) == certain


def test_downloads_are_what_lies_in_s3(reviewer: Visitor, documents: Documents, tmp_path: Path) -> None:
    reviewer.page.locator("#chart").get_by_role("button", name="happy").click()
    happy = {name: document for name, document in documents.items() if document["label"] == "happy"}
    reviewer.await_results(len(happy))
    with reviewer.page.expect_download() as download:
        reviewer.page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == names(reviewer)
    read = {row.pop("image"): (row.pop("label"), {name: float(value) for name, value in row.items()}) for row in rows}
    assert read == {
        name: ("happy", {"confidence": document["confidence"], **document["probabilities"]})
        for name, document in happy.items()
    }

    with reviewer.page.expect_download() as download:
        reviewer.page.get_by_role("button", name="Download JSON Lines").click()
    download.value.save_as(tmp_path / "results.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert sorted(lines, key=lambda line: str(line["image"]["key"])) == [happy[name] for name in sorted(happy)]


def test_rejected_images_are_shown_with_their_reason_where_they_are_asked_for(visitor: Visitor, tiny: bytes) -> None:
    visitor.choose(payload("face.png", FACES[0].read_bytes()), payload("tiny.png", tiny))
    visitor.await_labels(2, "1 labelled, 1 rejected, 0 failed")
    visitor.run.get_by_role("button", name="Show among the results").click()
    visitor.await_results(1)
    visitor.page.get_by_label("Rejected images too").check()
    visitor.await_results(2)
    assert {card.name: bool(card.label) for card in visitor.cards("#results")} == {
        visitor.folder + "face.png": True,
        visitor.folder + "tiny.png": False,
    }
    expect(visitor.page.locator("#results")).to_contain_text("pixels")


def test_a_drop_appears_among_the_results_by_itself(visitor: Visitor) -> None:
    loaded = visitor.page.locator("#loaded")
    expect(loaded).to_have_text(re.compile("no others"))
    [before] = re.findall(r"of ([\d,]+) result", loaded.inner_text())
    visitor.choose(*FACES[:2])
    visitor.await_labels(2)
    after = int(before.replace(",", "")) + 2
    expect(loaded).to_have_text(f"{after:,} of {after:,} results here; there are no others.")


def test_one_image_is_shown_large_with_its_model_and_arrow_keys_go_on(reviewer: Visitor, documents: Documents) -> None:
    page, [first, second, *_] = reviewer.page, names(reviewer)
    page.get_by_role("button", name=f"Open {first}").click()
    viewer = page.get_by_role("dialog")
    for name, key in ((first, "ArrowRight"), (second, "ArrowLeft"), (first, "Escape")):
        expect(viewer.get_by_role("heading")).to_have_text(name)
        expect(viewer).to_contain_text(documents[name]["model"]["version"])
        expect(viewer.get_by_role("img", name=name)).to_have_js_property("naturalWidth", 48)
        page.keyboard.press(key)
    expect(viewer).to_be_hidden()

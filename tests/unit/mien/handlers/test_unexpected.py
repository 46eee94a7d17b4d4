"""Bugs are counted for the version that has them, so that a new version can be taken back."""

import json

import pytest

from mien.errors import Outdated, Rejected, StorageUnavailable, WrongModel
from mien.handlers.unexpected import METRIC, count_unexpected


def test_only_errors_without_a_class_of_their_own_are_counted_for_the_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_VERSION", "7")
    expected = [Outdated(), Rejected("a", "b"), StorageUnavailable("S3"), WrongModel("labels")]
    count_unexpected("inbox", [*expected, KeyError("label"), ZeroDivisionError()])
    written = json.loads(capsys.readouterr().out)
    assert (written[METRIC], written["service"], written["version"]) == ([2.0], "inbox", "7")
    [metric] = written["_aws"]["CloudWatchMetrics"]
    assert metric["Dimensions"] == [["service", "version"]]


def test_nothing_is_written_while_all_errors_are_expected(capsys: pytest.CaptureFixture[str]) -> None:
    count_unexpected("api", [Outdated(), Rejected("a", "b")])
    count_unexpected("api", [])
    assert capsys.readouterr().out == ""

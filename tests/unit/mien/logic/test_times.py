"""Times as texts."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mien.logic.times import format_time, is_time


def test_a_time_is_written_in_utc_and_whole_seconds() -> None:
    time = datetime(2026, 11, 26, 22, 30, 59, 999_999, timezone(timedelta(hours=2)))
    assert format_time(time) == "2026-11-26T20:30:59Z"
    assert is_time(format_time(datetime.now(UTC)))


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2026-11-26", "2026-11-26T20:00:00", "2026-11-26T20:00:00+00:00", "2026-11-26T20:00:00.5Z"),
        *("2026-02-30T20:00:00Z", "2026-11-26T25:00:00Z", "0000-01-01T00:00:00Z", "2026-11-26T20:00:00Z\n"),
        *("٢٠٢٦-11-26T20:00:00Z", "2026-1-26T20:00:00Z"),
    ],
)
def test_another_form_is_not_a_time(text: str) -> None:
    assert not is_time(text)

"""Times as the API writes and reads them: ISO 8601 in UTC, in whole seconds, such as `2026-11-26T20:00:00Z`."""

import re
from datetime import UTC, datetime

FORM = "%Y-%m-%dT%H:%M:%SZ"
# strptime also accepts fewer digits, and digits of other scripts.
DIGITS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def format_time(time: datetime) -> str:
    """Parts of a second are left out: S3 states them in some answers and not in others.

    time: with its time zone.
    """
    return time.astimezone(UTC).strftime(FORM)


def is_time(text: str) -> bool:
    """Returns whether a text is such a time. Their order as texts is their order in time."""
    try:
        return DIGITS.fullmatch(text) is not None and datetime.strptime(text, FORM).year > 0
    except ValueError:
        return False

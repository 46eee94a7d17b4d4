"""Unit tests read files, but they open no socket and start no process."""

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

# Audit events: https://docs.python.org/3/library/audit_events.html
FORBIDDEN = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "socket.bind",
    "socket.connect",
    "socket.sendto",
    "subprocess.Popen",
}
FOLDER = Path(__file__).parent
# The unit test that is running. An audit hook cannot be removed, so it does nothing while this is empty.
running: list[str] = []


def forbid(event: str, arguments: tuple[object, ...]) -> None:
    if running and event in FORBIDDEN:
        raise AssertionError(
            f"{running[-1]} is a unit test, but caused {event}{arguments[:2]}. Unit tests open no socket and start no "
            "process. Give the test plain values, or move it to tests/component."
        )


def pytest_configure() -> None:
    sys.addaudithook(forbid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Covers the set-up and tear-down of fixtures too. pytest calls it for the tests of other folders as well."""
    if item.path.is_relative_to(FOLDER):
        running.append(item.nodeid)
    try:
        return (yield)
    finally:
        running.clear()

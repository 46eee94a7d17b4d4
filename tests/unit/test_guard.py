"""The hook in conftest.py stops unit tests that need more than this process."""

import os
import socket
import subprocess

import pytest


def test_a_unit_test_cannot_open_a_connection() -> None:
    cause = r"is a unit test, but caused socket\.connect"
    with socket.socket() as client, pytest.raises(AssertionError, match=cause):
        client.connect(("127.0.0.1", 9))


def test_a_unit_test_cannot_listen_on_a_port() -> None:
    with socket.socket() as server, pytest.raises(AssertionError, match=r"caused socket\.bind"):
        server.bind(("127.0.0.1", 0))


def test_a_unit_test_cannot_start_a_process() -> None:
    with pytest.raises(AssertionError, match=r"move it to tests/component"):
        subprocess.run(["true"], check=False)
    with pytest.raises(AssertionError, match=r"caused os\.system"):
        os.system("true")

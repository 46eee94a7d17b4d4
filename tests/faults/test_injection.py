"""A fault hits the process that sent the request, and no other."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from tests.support.proxy import Caller

from .injection import process_of

CONNECT = """
import socket, sys
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
client.bind(("127.0.0.1", 0))
client.connect(("127.0.0.1", int(sys.argv[1])))
print(client.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def servers() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        yield first, second


def port_of(server: socket.socket) -> int:
    port: int = server.getsockname()[1]
    return port


def test_a_process_with_the_same_port_towards_another_server_is_not_hit(
    servers: tuple[socket.socket, socket.socket],
) -> None:
    first, second = map(port_of, servers)
    command = [sys.executable, "-c", CONNECT, str(first)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child, socket.socket() as own:
        assert child.stdout
        port = int(child.stdout.readline())
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind(("127.0.0.1", port))
        own.connect(("127.0.0.1", second))
        assert process_of(Caller(port, first)) == psutil.Process(child.pid)
        assert process_of(Caller(port, second)) == psutil.Process()
        child.communicate()
    assert process_of(Caller(port, first)) is None

"""Which environment variables of the user reach the embedded cloud: none that it does not need."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping

# Variables that a program needs to start, to find its libraries and to write text and times. Credentials, tokens and
# settings of other programs are not among them: code in the embedded cloud can read all variables of its process.
PASSED_ON = re.compile("PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ|(?:LD|DYLD)_LIBRARY_PATH")
PROXIES = re.compile("(?:http|https|all|no)_proxy", re.IGNORECASE)
# The embedded cloud has its own credentials, and it is on this machine. A profile of the user that does not exist, or a
# proxy that can't reach 127.0.0.1, would fail each request.
ISOLATION = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "*",
    "no_proxy": "*",
}

removed: dict[str, str] = {}


def isolate_process() -> None:
    """Removes the user's AWS and proxy settings from this process, before its first request to the cloud."""
    for name in list(os.environ):
        if name.startswith("AWS_") or PROXIES.fullmatch(name):
            removed[name] = os.environ.pop(name)
    os.environ.update(ISOLATION)


@contextlib.contextmanager
def users_environment() -> Iterator[None]:
    """Gives the user's AWS and proxy settings back to this process until the block ends: a model can be in S3."""
    changed = {*ISOLATION, *removed}
    isolated = {name: os.environ[name] for name in changed if name in os.environ}
    for name, value in ISOLATION.items():
        if os.environ.get(name) == value:
            del os.environ[name]
    os.environ.update(removed)
    try:
        yield
    finally:
        for name in changed:
            os.environ.pop(name, None)
        os.environ.update(isolated)


def child_environment(home: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment variables of the processes of the embedded cloud.

    home: folder that takes the place of the user's home folder, where AWS settings and tokens are.
    """
    passed_on = {name: value for name, value in environment.items() if PASSED_ON.fullmatch(name)}
    return {**passed_on, **ISOLATION, "HOME": home, "TMPDIR": home}


def network_environment() -> dict[str, str]:
    """This process's environment variables with the user's proxies, for programs that download packages."""
    proxies = {name: value for name, value in removed.items() if PROXIES.fullmatch(name)}
    without_isolation = {name: value for name, value in os.environ.items() if not PROXIES.fullmatch(name)}
    if not removed:
        return dict(os.environ)
    local = ",".join(filter(None, (proxies.get("NO_PROXY") or proxies.get("no_proxy"), "127.0.0.1,localhost")))
    return {**without_isolation, **proxies, "NO_PROXY": local, "no_proxy": local}

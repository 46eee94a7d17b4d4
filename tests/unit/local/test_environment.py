"""Which of the user's variables reach the embedded cloud."""

import os
from collections.abc import Iterator

import pytest

from local import environment
from local.environment import child_environment, isolate_process, users_environment


@pytest.fixture
def isolated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A user with a profile and a proxy, in a process that is isolated from them."""
    monkeypatch.setattr(environment, "removed", {})
    before = dict(os.environ)
    os.environ.update(AWS_PROFILE="work", HTTP_PROXY="http://proxy:3128")
    isolate_process()
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.usefixtures("isolated")
def test_the_settings_of_the_user_find_a_model_in_s3_and_are_gone_again() -> None:
    outside = dict(os.environ)
    assert outside["AWS_CONFIG_FILE"] == "/dev/null"
    with users_environment():
        assert os.environ["AWS_PROFILE"] == "work"
        assert os.environ["HTTP_PROXY"] == "http://proxy:3128"
        assert os.environ.get("AWS_CONFIG_FILE") != "/dev/null"
        assert os.environ.get("NO_PROXY") != "*"
    assert dict(os.environ) == outside


def test_credentials_tokens_and_proxies_of_the_user_are_not_passed_on() -> None:
    user = {
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "secret",
        "GITHUB_TOKEN": "secret",
        "OPENAI_API_KEY": "secret",
        "SSH_AUTH_SOCK": "/run/agent",
        "HTTP_PROXY": "http://proxy:3128",
        "https_proxy": "http://user:secret@proxy:3128",
        "PYTHONPATH": "/elsewhere",
        "PATH_TO_KEY": "/secret",
        "HOME": "/home/developer",
    }
    passed_on = child_environment("/tmp/mien", user)
    assert not set(user) & set(passed_on) - {"HOME"}
    assert passed_on["HOME"] == passed_on["TMPDIR"] == "/tmp/mien"
    assert "secret" not in str(passed_on)


def test_what_a_program_needs_to_start_is_passed_on() -> None:
    needed = {"PATH": "/usr/bin", "LANG": "de_DE.UTF-8", "LC_CTYPE": "C.UTF-8", "TZ": "UTC", "LD_LIBRARY_PATH": "/opt"}
    assert needed.items() <= child_environment("/tmp/mien", needed).items()


def test_no_configuration_file_of_the_user_is_read_and_no_proxy_is_used() -> None:
    variables = child_environment("/tmp/mien", {})
    assert variables["AWS_CONFIG_FILE"] == variables["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert variables["NO_PROXY"] == "*"

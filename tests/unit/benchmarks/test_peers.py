"""The networks of other packages that the models are compared with."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from benchmarks import peer_networks
from benchmarks.peer_networks import FACEX, FER, INSTALL, PEERS, Network, NotInstalled, Package

ROOT = Path(__file__).parents[3]


def test_without_the_packages_an_error_says_how_to_install_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_networks, "PACKAGES", tmp_path)
    with pytest.raises(NotInstalled, match=re.escape(INSTALL)):
        Network(FER)
    words = shlex.split(INSTALL)
    assert (ROOT / words[words.index("--target") + 1]) == ROOT / "build/peers"
    assert (ROOT / words[-1]).exists()


def test_the_versions_in_the_table_are_those_that_are_installed() -> None:
    pinned = (ROOT / "requirements/peers.txt").read_text()
    assert all(f"{package.name}=={package.version} " in pinned for package in PEERS)


@pytest.mark.parametrize(("package", "channels", "black", "white"), [(FER, 1, -1, 1), (FACEX, 3, 0, 1)])
def test_each_network_gets_gray_levels_as_its_package_scales_them(
    package: Package, channels: int, black: float, white: float
) -> None:
    gray = np.zeros((package.size, package.size), np.float32)
    gray[0, 1] = 255
    found = package.to_input(gray)
    assert found.shape == (1, package.size, package.size, channels)
    assert (found[0, 0, 0] == black).all()
    assert (found[0, 0, 1] == white).all()
    assert sorted(package.labels) == sorted(("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"))

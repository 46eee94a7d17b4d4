"""The checks of the modules in this folder: the template passes each of them, and each finds a damaged template."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.stack import ALL_TEMPLATES, Check, Damage


def modules_with_checks() -> Iterator[ModuleType]:
    """The modules beside this one that have CHECKS, and the DAMAGES that these must find."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path != Path(__file__):
            module = importlib.import_module(f"tests.unit.template.{path.stem}")
            if hasattr(module, "CHECKS"):
                yield module


MODULES = list(modules_with_checks())
CHECKS: list[Check] = [check for module in MODULES for check in module.CHECKS]
DAMAGES: list[Damage] = [damage for module in MODULES for damage in module.DAMAGES]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_template_passes_each_check(check: Check) -> None:
    assert [check(each) for each in ALL_TEMPLATES] == [[]] * len(ALL_TEMPLATES)


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_each_damage_is_found(damage: Damage) -> None:
    assert damage.is_found()


def test_each_check_finds_at_least_one_damage() -> None:
    assert {damage.check for damage in DAMAGES} == set(CHECKS)

import pytest

from mien.logic.pictures import Face
from tests.support.answers import flat_face


@pytest.fixture
def faces() -> list[Face]:
    """Three different faces, each of one gray, dark to light."""
    return [flat_face(level) for level in (10, 20, 30)]

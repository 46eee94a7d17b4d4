"""What a document says about the size and the color that the model saw."""

import pytest

from mien.logic.pictures import ModelInput
from operate.reviewed_faces import input_of


@pytest.mark.parametrize(
    ("preprocessing", "expected"),
    [
        ("5-gray-48", ModelInput(48, "L")),
        ("6-rgb-224", ModelInput(224, "RGB")),
        ("5-batch", ModelInput(48, "L")),
        ("5-image", ModelInput(224, "RGB")),
    ],
)
def test_faces_are_cut_out_in_the_size_and_color_that_the_document_names(
    preprocessing: str, expected: ModelInput
) -> None:
    assert input_of({"model": {"preprocessing": preprocessing}}) == expected


@pytest.mark.parametrize("preprocessing", ["", "7", "6-gray", "6-cmyk-48", "6-gray-9999", None])
def test_a_document_that_does_not_say_what_the_model_saw_gives_no_size(preprocessing: str | None) -> None:
    assert input_of({"model": {"preprocessing": preprocessing}}) is None

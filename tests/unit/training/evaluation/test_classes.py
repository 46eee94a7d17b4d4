"""A model is measured only on images of its own classes, which are matched by name."""

import numpy as np
import pytest

from training.evaluation.classes import match_classes


def test_the_same_classes_in_another_order_are_matched_by_name() -> None:
    matched = match_classes(np.array([0, 1, 2, 0]), ["cat", "dog", "cow"], ["dog", "cow", "cat"], "model", "data")
    assert matched.tolist() == [2, 0, 1, 2]


def test_other_classes_are_refused_with_both_lists_and_their_differences() -> None:
    with pytest.raises(ValueError, match="has other classes than") as error:
        match_classes(np.array([0]), ["cat", "dog"], ["dog", "cow", "ant"], "model 7", "animals")
    assert str(error.value) == (
        "model 7 has other classes than animals: the model's are dog, cow, ant; the data's are cat, dog. The model "
        "lacks cat. The data lacks cow, ant. Give a model of these classes, or data with the model's."
    )


def test_names_that_differ_only_in_case_are_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match="differ only in upper and lower case"):
        match_classes(np.array([0]), ["Cat", "dog"], ["cat", "dog"], "model", "data")


def test_a_long_list_of_classes_is_cut() -> None:
    many = [f"class {number}" for number in range(1000)]
    with pytest.raises(ValueError, match="and 988 more") as error:
        match_classes(np.array([0]), ["cat", "dog"], many, "model", "data")
    assert len(str(error.value)) < 600

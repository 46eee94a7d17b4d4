"""Pictures whose faces wait for the endpoint: what is sent, and which answers belong to which picture."""

from mien.errors import ModelRefusedInput, TryAgain
from mien.pipeline.pictures import MAX_WAITING_BYTES, WaitingPictures
from tests.support.pictures import answers, found, picture

TINY = found((0, 0, 9, 9), 0.8, is_large=False)


def waiting_for(**pictures: int) -> WaitingPictures[str]:
    """Pictures with so many faces, and a tiny one between them."""
    waiting = WaitingPictures[str]()
    for name, count in pictures.items():
        waiting.add(name, picture(*[found()] * count, TINY))
    return waiting


def test_the_faces_of_all_pictures_are_sent_except_those_that_are_too_small() -> None:
    assert len(waiting_for(two=2, none=0, three=3).faces) == 5


def test_each_picture_gets_the_answers_about_its_own_faces_in_their_order() -> None:
    rows = [([float(n), *[0.0] * 6], answers(1)[0][1]) for n in range(5)]
    sorted_answers = dict(waiting_for(two=2, none=0, three=3).sort_answers(rows))
    assert sorted_answers == {"two": rows[:2], "none": [], "three": rows[2:]}


def test_a_picture_fails_if_one_of_its_faces_has_no_answer_and_the_others_do_not() -> None:
    later = TryAgain("throttled")
    outcomes = dict(waiting_for(two=2, one=1).sort_answers([answers(1)[0], later, answers(1)[0]]))
    assert outcomes == {"two": later, "one": answers(1)}


def test_a_final_error_counts_more_than_one_that_may_pass() -> None:
    final = ModelRefusedInput("refused")
    assert dict(waiting_for(two=2).sort_answers([TryAgain("throttled"), final])) == {"two": final}


def test_the_endpoint_is_called_before_the_waiting_faces_take_too_much_memory() -> None:
    waiting = WaitingPictures[int]()
    size = 100 * 48 * 48
    for number in range(-(-MAX_WAITING_BYTES // size)):
        assert not waiting.is_full
        waiting.add(number, picture(*[found()] * 100))
    assert waiting.is_full

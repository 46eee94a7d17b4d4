"""Which document stays when a result and a rejection of one image meet."""

from hypothesis import given
from hypothesis import strategies as st

from mien.aws.storage import supersedes


@given(st.text("0123456789ABCDEF", max_size=20), st.text("0123456789ABCDEF", max_size=20))
def test_of_a_result_and_a_rejection_exactly_one_supersedes_the_other(one: str, other: str) -> None:
    result, rejection = {"status": "classified"}, {"status": "rejected"}
    assert supersedes(result, one, other) is not supersedes(rejection, other, one)

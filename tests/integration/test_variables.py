"""`operate variables` prints what `sam local` needs to run a function with the parts of a stack."""

import json

import pytest

from local import template
from local.cloud import Cloud
from tests.support.operating import Operate


@pytest.mark.parametrize("function", ["ApiFunction", "InboxFunction", "PageFunction"])
def test_the_variables_of_each_function_are_those_of_the_stack(function: str, cloud: Cloud, operate: Operate) -> None:
    printed = json.loads(operate("variables").stdout)
    assert printed.keys() == {"ApiFunction", "InboxFunction", "PageFunction"}
    expected = template.function_environment(cloud.references)
    assert printed[function].items() <= expected.items()
    own = template.load_template()["Resources"][function]["Properties"]["Environment"]["Variables"]
    assert own.keys() <= printed[function].keys()

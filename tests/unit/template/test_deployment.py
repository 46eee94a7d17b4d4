"""What SAM generates for the functions and for new versions of the API."""

import time

from local import template
from tests.support.stack import TEMPLATE, only_resource, properties_of


def test_the_functions_run_on_python_3_13() -> None:
    assert {f["Runtime"] for f in properties_of(TEMPLATE, "AWS::Lambda::Function").values()} == {"python3.13"}


def test_the_functions_that_classify_have_the_layer_and_the_page_does_not() -> None:
    functions = properties_of(TEMPLATE, "AWS::Lambda::Function")
    [layer] = properties_of(TEMPLATE, "AWS::Lambda::LayerVersion")
    with_layer = {name for name, function in functions.items() if function.get("Layers") == [{"Ref": layer}]}
    with_file = {name for name, function in functions.items() if "DETECTOR" in function["Environment"]["Variables"]}
    assert with_layer == with_file == {"InboxFunction", "ApiFunction"}
    assert not functions["PageFunction"].get("Layers")


def test_the_layer_is_built_for_the_processor_and_the_python_of_the_functions() -> None:
    layer, function = only_resource("AWS::Lambda::LayerVersion"), template.load_template()["Globals"]["Function"]
    assert layer["CompatibleArchitectures"] == function["Architectures"]
    assert layer["CompatibleRuntimes"] == [function["Runtime"]]
    built = template.load_template()["Resources"]["Layer"]["Metadata"]
    assert built == {"BuildMethod": function["Runtime"], "BuildArchitecture": function["Architectures"][0]}


def test_only_the_failed_messages_of_a_batch_are_delivered_again() -> None:
    mapping = only_resource("AWS::Lambda::EventSourceMapping")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_api_is_deployed_again_even_if_only_a_parameter_has_changed() -> None:
    """Without AlwaysDeploy, SAM derives the name of a deployment from the text of the API, which has no values."""

    def deployments() -> list[str]:
        resources = template.expand_template()["Resources"].items()
        return [name for name, resource in resources if resource["Type"] == "AWS::ApiGateway::Deployment"]

    first, end = deployments(), time.monotonic() + 3
    # With AlwaysDeploy, SAM derives the name from the time in seconds.
    while deployments() == first:
        assert time.monotonic() < end

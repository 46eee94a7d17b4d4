"""Each change of a function is a new version, and its alias passes to it at once or gradually."""

import json
from typing import Any

import pytest
from samtranslator.translator.transform import transform

from local import template
from mien.handlers import unexpected
from tests.support.stack import TEMPLATE, Template, as_text, properties_of

FUNCTIONS = ("ApiFunction", "InboxFunction", "PageFunction")
SHIFTED = ("ApiFunction", "InboxFunction")
PARAMETERS: dict[str, Any] = template.load_template()["Parameters"]
SHIFTS = [value for value in PARAMETERS["TrafficShift"]["AllowedValues"] if value != "none"]
# Another value of each parameter whose values are not listed.
OTHERS = {
    "EndpointName": "others",
    "Labels": "yes,no",
    "ExistingBucket": "photos",
    "InboxPrefix": "in/",
    "ResultsPrefix": "out/",
    "RejectedPrefix": "refused/",
    "ReviewsPrefix": "opinions/",
    "CorsOrigin": "https://faces.example.com",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "SubnetIds": "subnet-11111111,subnet-22222222",
    "SecurityGroupIds": "sg-11111111",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
    "PermissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
}
BEFORE = {"EndpointName": "faces", "SubnetIds": "subnet-00000000", "SecurityGroupIds": "sg-00000000"}


def versions(expanded: Template) -> dict[str, str]:
    """The logical IDs of the functions' versions. CloudFormation publishes a version if its ID is new."""
    found = properties_of(expanded, "AWS::Lambda::Version").items()
    return {version["FunctionName"]["Ref"]: name for name, version in found}


def configurations(expanded: Template, parameters: dict[str, str]) -> dict[str, Any]:
    """The properties of the functions, as CloudFormation applies them. Lambda publishes a function if they changed."""
    values = template.default_parameters() | parameters
    return {
        name: json.dumps(template.resolve(function, values), sort_keys=True)
        for name, function in properties_of(expanded, "AWS::Lambda::Function").items()
    }


def another_value(name: str) -> str:
    parameter = PARAMETERS[name]
    if "AllowedValues" in parameter:
        return next(str(value) for value in parameter["AllowedValues"] if value != parameter["Default"])
    return OTHERS[name] if name in OTHERS else str(parameter["MinValue"] + 1)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_with_another_value_publishes_exactly_the_functions_that_it_changes(name: str) -> None:
    """SAM derives a version's ID from the text of the template, where a parameter is a name without a value."""
    after = BEFORE | {name: another_value(name)}
    old, new = template.expand_template(**BEFORE), template.expand_template(**after)
    configured_before, configured_after = configurations(old, BEFORE), configurations(new, after)
    changed = {name for name in FUNCTIONS if configured_before[name] != configured_after[name]}
    assert {name for name in FUNCTIONS if versions(old)[name] != versions(new)[name]} == changed


def test_nothing_is_published_if_nothing_changes() -> None:
    assert versions(template.expand_template()) == versions(template.expand_template())


def test_the_parameters_in_the_unused_property_never_reach_lambda() -> None:
    assert not template.evaluate_condition("Never", BEFORE)
    for function in configurations(TEMPLATE, BEFORE).values():
        assert "SourceKMSKeyArn" not in function


@pytest.mark.parametrize(("key", "changed"), [("FUNCTIONS_KEY", FUNCTIONS), ("LAYER_KEY", SHIFTED)])
def test_new_code_and_a_new_layer_are_new_versions(key: str, changed: tuple[str, ...]) -> None:
    packaged = json.dumps(template.packaged_template("code"))
    again = json.loads(packaged.replace(getattr(template, key), "new.zip"))
    before, after = template.expand_template(), transform(again, {}, template.NoManagedPolicies())
    assert {name for name in FUNCTIONS if versions(before)[name] != versions(after)[name]} == set(changed)


def test_only_the_current_version_is_kept() -> None:
    found = [r for r in TEMPLATE["Resources"].values() if r["Type"] == "AWS::Lambda::Version"]
    assert [version["DeletionPolicy"] for version in found] == ["Delete"] * len(FUNCTIONS)


def test_the_queue_and_the_api_call_the_aliases() -> None:
    [mapping] = properties_of(TEMPLATE, "AWS::Lambda::EventSourceMapping").values()
    assert mapping["FunctionName"] == {"Ref": "InboxFunctionAliaslive"}
    [api] = properties_of(TEMPLATE, "AWS::ApiGateway::RestApi").values()
    body = template.resolve(api["Body"], template.default_parameters())
    integrations = [
        method["x-amazon-apigateway-integration"] for path in body["paths"].values() for method in path.values()
    ]
    called = {as_text(integration["uri"]).split("/functions/")[1] for integration in integrations}
    assert called == {"${ApiFunctionAliaslive}/invocations", "${PageFunctionAliaslive}/invocations"}


@pytest.mark.parametrize("shift", SHIFTS)
def test_codedeploy_shifts_the_traffic_of_the_functions_but_not_of_the_page(shift: str) -> None:
    expanded = template.expand_template(TrafficShift=shift)
    aliases = {n: r for n, r in expanded["Resources"].items() if r["Type"] == "AWS::Lambda::Alias"}
    assert {name for name, alias in aliases.items() if "UpdatePolicy" in alias} == {f"{n}Aliaslive" for n in SHIFTED}
    groups = properties_of(expanded, "AWS::CodeDeploy::DeploymentGroup")
    assert groups.keys() == {f"{name}DeploymentGroup" for name in SHIFTED}
    for group in groups.values():
        assert as_text(group["DeploymentConfigName"]).replace("${ConfigName}", shift).endswith(f".Lambda{shift}")
        assert group["ServiceRoleArn"] == {"Fn::GetAtt": ["CodeDeployRole", "Arn"]}


def test_without_a_shift_there_is_nothing_of_codedeploy() -> None:
    expanded = template.expand_template(TrafficShift="none")
    parameters = template.default_parameters() | {"TrafficShift": "none"}
    left = {
        name: resource
        for name, resource in expanded["Resources"].items()
        if template.evaluate_condition(resource.get("Condition", "BucketIsCreated"), parameters)
    }
    assert not [name for name in left if "CodeDeploy" in name or ("Version" in name and "Alarm" in name)]
    assert "codedeploy" not in json.dumps(left).lower()


def test_the_new_version_alone_decides_whether_codedeploy_goes_back() -> None:
    """An alarm about the old version too would stop its repair."""
    groups = properties_of(TEMPLATE, "AWS::CodeDeploy::DeploymentGroup")
    alarms = properties_of(TEMPLATE, "AWS::CloudWatch::Alarm")
    for function, service in zip(SHIFTED, ("api", "inbox"), strict=True):
        named = groups[f"{function}DeploymentGroup"]["AlarmConfiguration"]["Alarms"]
        crashes, bugs = (alarms[alarm["Name"]["Ref"]] for alarm in named)
        version = f"${{{versions(TEMPLATE)[function]}.Version}}"
        assert (crashes["Namespace"], crashes["MetricName"]) == ("AWS/Lambda", "Errors")
        assert dimensions(crashes) == {
            "FunctionName": f"${{{function}}}",
            "Resource": f"${{{function}}}:live",
            "ExecutedVersion": version,
        }
        assert (as_text(bugs["Namespace"]), bugs["MetricName"]) == ("${AWS::StackName}", unexpected.METRIC)
        assert dimensions(bugs) == {"service": service, "version": version}
        # The shortest shift lasts five minutes.
        assert {alarm["Period"] * alarm["EvaluationPeriods"] for alarm in (crashes, bugs)} == {60}


def dimensions(alarm: Any) -> dict[str, str]:
    return {dimension["Name"]: as_text(dimension["Value"]) for dimension in alarm["Dimensions"]}

"""The usage plan limits each key, and the stage limits all requests together."""

from tests.support.stack import DELETED, Check, Damage, Template, as_text, only_resource, properties_of

STAGE_LIMITS = {"HttpMethod", "ResourcePath", "ThrottlingRateLimit", "ThrottlingBurstLimit"}


def every_stage_is_throttled(expanded: Template) -> list[str]:
    """The limit per key is not enough, because preflights are sent without a key."""
    with_usage_plan = {
        as_text(stage["ApiId"])
        for plan in properties_of(expanded, "AWS::ApiGateway::UsagePlan").values()
        if {"RateLimit", "BurstLimit"} <= set(plan.get("Throttle", {}))
        for stage in plan["ApiStages"]
    }
    findings = []
    for name, stage in properties_of(expanded, "AWS::ApiGateway::Stage").items():
        limits = [settings for settings in stage.get("MethodSettings", []) if set(settings) >= STAGE_LIMITS]
        if as_text(stage["RestApiId"]) not in with_usage_plan:
            findings.append(f"{name}: per key")
        if not any((settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*") for settings in limits):
            findings.append(f"{name}: in total")
    return findings


CHECKS: list[Check] = [every_stage_is_throttled]

DAMAGES = [
    Damage(every_stage_is_throttled, "UsagePlan", "Throttle", DELETED, "Apiv1Stage: per key"),
    Damage(every_stage_is_throttled, "", "UsagePlan", DELETED, "Apiv1Stage: per key"),
    Damage(every_stage_is_throttled, "Apiv1Stage", "MethodSettings", DELETED, "Apiv1Stage: in total"),
    Damage(every_stage_is_throttled, "Apiv1Stage MethodSettings 0", "HttpMethod", "POST", "Apiv1Stage: in total"),
]


def test_the_limits_of_the_stage_are_those_of_one_key() -> None:
    [settings] = only_resource("AWS::ApiGateway::Stage")["MethodSettings"]
    limits = {"RateLimit": settings["ThrottlingRateLimit"], "BurstLimit": settings["ThrottlingBurstLimit"]}
    assert limits == only_resource("AWS::ApiGateway::UsagePlan")["Throttle"]

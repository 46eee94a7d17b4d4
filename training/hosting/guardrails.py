"""How an update of instances goes on, and what rolls it back: SageMaker's deployment guardrails.

For instances alone: rolling updates exclude serverless endpoints, and canaries are counted in instances, of which those
have none. They keep what they served if a new model does not start, and `rollout.py` asks each new one besides.
Source: Amazon SageMaker AI Developer Guide, "Deployment guardrails for updating models in production", exclusions.
"""

from typing import Any

VARIANT = "AllTraffic"
# Seconds. An alarm rings after two minutes of faults, and metrics come a minute late: five minutes hold both.
BAKING = 300
# Instances start within about ten minutes, and two times of baking follow. An update that takes longer is rolled back.
LONGEST_UPDATE = 3600
ERROR_RATE = 0.05
# Microseconds. A batch of 100 faces takes a core less than a second; the functions give up after 10 s and 20 s.
SLOW = 5_000_000
METRICS = (
    ("5xx", "Invocation5XXErrors", ERROR_RATE, "The new model fails."),
    # The functions send nothing but well-formed faces, so that a model that refuses them is the wrong one.
    ("4xx", "Invocation4XXErrors", ERROR_RATE, "The new model refuses what it is sent."),
    ("slow", "ModelLatency", SLOW, "The new model is slow."),
)


def blue_green(instances: int) -> dict[str, Any]:
    """How calls move to the new instances while the old ones still stand.

    One instance is the canary, because a model that is wrong shows on one, and further steps would only add waits. It
    may be half of the instances at most, so that a single one takes all calls at once.
    Source: Amazon SageMaker AI Developer Guide, "Use canary traffic shifting".
    """
    routing: dict[str, Any] = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    if instances >= 2:
        size = {"Type": "INSTANCE_COUNT", "Value": 1}
        routing = {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": BAKING}
    return {
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": BAKING,
        "MaximumExecutionTimeoutInSeconds": LONGEST_UPDATE,
    }


def alarms(endpoint: str, config: str, tags: list[dict[str, str]]) -> list[dict[str, Any]]:
    """PutMetricAlarm's parameters, for errors and slowness of the new instances alone: the old ones' errors must not
    keep anyone from mending them.

    Each deployment has alarms of its own, because one that rang in the last would still ring when this begins.
    Source: Amazon SageMaker AI Developer Guide, "Auto-Rollback Configuration and Monitoring".
    """
    dimensions = {"EndpointName": endpoint, "VariantName": VARIANT, "EndpointConfigName": config}
    return [
        {
            "AlarmName": f"{config}-{suffix}",
            "AlarmDescription": f"{says} While endpoint {endpoint} is updated, this rolls it back.",
            "Namespace": "AWS/SageMaker",
            "MetricName": metric,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 2,
            "Threshold": float(threshold),
            "ComparisonOperator": "GreaterThanThreshold",
            # No calls, no fault.
            "TreatMissingData": "notBreaching",
            "Tags": tags,
        }
        for suffix, metric, threshold, says in METRICS
    ]

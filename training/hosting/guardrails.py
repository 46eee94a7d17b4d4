"""How an update of instances proceeds, and which alarms roll it back: SageMaker's deployment guardrails.

They are for instances only. SageMaker's rolling updates exclude serverless endpoints, and a canary is a number of
instances, which a serverless endpoint does not have. A serverless endpoint continues to serve the old model if the new
one does not start, and the smoke test of rollout.py tries every new model on both kinds.
Source: Amazon SageMaker AI Developer Guide, "Deployment guardrails for updating models in production", exclusions.
"""

from typing import Any

VARIANT = "AllTraffic"
# Seconds. An alarm rings after two minutes of errors, and metrics arrive a minute late: five minutes contain both.
BAKING_SECONDS = 300
# Instances start within about ten minutes, and two times of baking follow. A longer update is rolled back.
MAX_UPDATE_SECONDS = 3600
MAX_ERROR_RATE = 0.05
# Microseconds. A core computes a batch of 100 faces in less than a second; the functions give up after 10 s and 20 s.
MAX_LATENCY_MICROSECONDS = 5_000_000
# One alarm each: the end of its name, the metric, the threshold and the description.
ALARMS = (
    ("5xx", "Invocation5XXErrors", MAX_ERROR_RATE, "The new model fails."),
    # The functions send well-formed faces only, so a model that refuses them is the wrong model.
    ("4xx", "Invocation4XXErrors", MAX_ERROR_RATE, "The new model refuses what it is sent."),
    ("slow", "ModelLatency", MAX_LATENCY_MICROSECONDS, "The new model is slow."),
)


def blue_green_policy(instances: int) -> dict[str, Any]:
    """Returns how calls move from the old instances to the new ones, a BlueGreenUpdatePolicy.

    instances: how many the endpoint has.

    Two or more instances begin with a canary of one: a wrong model shows on one instance, and further steps would only
    add waiting time. A canary may be at most half of the instances, so a single instance gets all calls at once.
    Source: Amazon SageMaker AI Developer Guide, "Use canary traffic shifting".
    """
    routing: dict[str, Any] = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    if instances >= 2:
        size = {"Type": "INSTANCE_COUNT", "Value": 1}
        routing = {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": BAKING_SECONDS}
    return {
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": BAKING_SECONDS,
        "MaximumExecutionTimeoutInSeconds": MAX_UPDATE_SECONDS,
    }


def rollback_alarms(endpoint: str, config: str, tags: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Returns the parameters of PutMetricAlarm, one for each alarm that rolls an update back.

    config: the new endpoint configuration. The alarms watch its instances only, because errors of the old instances
        must not stop an update that would fix them.

    Each deployment has alarms of its own: an alarm that rang during the last one could still ring when the next begins.
    Source: Amazon SageMaker AI Developer Guide, "Auto-Rollback Configuration and Monitoring".
    """
    dimensions = {"EndpointName": endpoint, "VariantName": VARIANT, "EndpointConfigName": config}
    return [
        {
            "AlarmName": f"{config}-{suffix}",
            "AlarmDescription": f"{description} While endpoint {endpoint} is updated, this rolls it back.",
            "Namespace": "AWS/SageMaker",
            "MetricName": metric,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 2,
            "Threshold": float(threshold),
            "ComparisonOperator": "GreaterThanThreshold",
            # A minute without calls has no errors.
            "TreatMissingData": "notBreaching",
            "Tags": tags,
        }
        for suffix, metric, threshold, description in ALARMS
    ]

"""Only S3, or a rule about its events, sends to the queue, and only API Gateway invokes the functions of the API."""

from typing import Any

from tests.support.stack import (
    BUCKET_ARN,
    DELETED,
    EXISTING_BUCKET_ARN,
    WITH_EVENTBRIDGE,
    Check,
    Damage,
    Template,
    as_text,
    properties_of,
)

# The methods and paths of the API that each function answers. API Gateway calls the functions' aliases.
METHODS = {
    "ApiFunctionAliaslive": {
        *("POST/classify", "GET/folders", "GET/health", "GET/results", "GET/results/*", "POST/uploads"),
        *("GET/reviews", "PUT/reviews/*", "DELETE/reviews/*"),
    },
    "PageFunctionAliaslive": {"GET/", "GET/page/*/*"},
}


def only_the_bucket_sends_to_the_queue(expanded: Template) -> list[str]:
    """If there is a rule for the bucket's events, only this rule does."""
    buckets = {as_text(bucket["BucketName"]) for bucket in properties_of(expanded, "AWS::S3::Bucket").values()}
    findings = [f"{name} is not the bucket that may send" for name in buckets if not BUCKET_ARN.endswith(f":::{name}")]
    expected = sender_of_bucket(BUCKET_ARN if buckets else EXISTING_BUCKET_ARN)
    for rule in properties_of(expanded, "AWS::Events::Rule"):
        expected = sender_of_rule(rule)
    for name, policy in properties_of(expanded, "AWS::SQS::QueuePolicy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow" and sender(statement) != expected:
                findings.append(f"{name}: {statement.get('Sid')}")
    return findings


Sender = tuple[Any, set[tuple[str, str, str]]]


def sender(statement: Any) -> Sender:
    """Who may do what, and the conditions as operator, key and value."""
    conditions = {
        (operator, key, as_text(value))
        for operator, values in statement.get("Condition", {}).items()
        for key, value in values.items()
    }
    return {k: v for k, v in statement.items() if k not in ("Sid", "Condition")}, conditions


def may_send(service: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
    }


def sender_of_bucket(arn: str) -> Sender:
    """Buckets' ARNs have no account, so the account is another condition."""
    account = ("StringEquals", "aws:SourceAccount", "${AWS::AccountId}")
    return may_send("s3.amazonaws.com"), {("ArnEquals", "aws:SourceArn", arn), account}


def sender_of_rule(logical_id: str) -> Sender:
    return may_send("events.amazonaws.com"), {("ArnEquals", "aws:SourceArn", f"${{{logical_id}.Arn}}")}


def only_the_api_invokes_its_functions(expanded: Template) -> list[str]:
    """Other identities of the account need a policy of their own. The queue is polled, so it invokes nothing."""
    urls = list(properties_of(expanded, "AWS::Lambda::Url"))
    others = [
        name
        for name, permission in properties_of(expanded, "AWS::Lambda::Permission").items()
        if permission["Principal"] != "apigateway.amazonaws.com"
        or as_text(permission.get("SourceArn"))
        not in {
            f"arn:aws:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Api}}/*/{method}"
            for method in METHODS.get(permission["FunctionName"]["Ref"], ())
        }
    ]
    return urls + others


CHECKS: list[Check] = [only_the_bucket_sends_to_the_queue, only_the_api_invokes_its_functions]

SENDER = "QueuePolicy PolicyDocument Statement BucketSends"
RULE = "QueuePolicy PolicyDocument Statement RuleSends"
ANY_RULE = {"ArnLike": {"aws:SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:*:rule/*"}}}
SEND_AND_RECEIVE = ["sqs:SendMessage", "sqs:ReceiveMessage"]
CLASSIFY = "ApiFunctionClassifyPermissionv1"
ANY_METHOD_OF_HEALTH = {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*/health"}
METHOD_OF_ANOTHER_FUNCTION = {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/POST/classify"}

DAMAGES = [
    Damage(only_the_bucket_sends_to_the_queue, f"{SENDER} Condition", "StringEquals", DELETED, "BucketSends"),
    Damage(only_the_bucket_sends_to_the_queue, f"{SENDER} Condition", "ArnEquals", DELETED, "BucketSends"),
    Damage(only_the_bucket_sends_to_the_queue, SENDER, "Principal", "*", "BucketSends"),
    Damage(only_the_bucket_sends_to_the_queue, SENDER, "Action", SEND_AND_RECEIVE, "BucketSends"),
    Damage(only_the_bucket_sends_to_the_queue, "Bucket", "BucketName", "another", "another"),
    Damage(only_the_bucket_sends_to_the_queue, RULE, "Condition", ANY_RULE, "RuleSends", WITH_EVENTBRIDGE),
    Damage(only_the_bucket_sends_to_the_queue, RULE, "Condition", DELETED, "RuleSends", WITH_EVENTBRIDGE),
    Damage(only_the_bucket_sends_to_the_queue, RULE, "Principal", "*", "RuleSends", WITH_EVENTBRIDGE),
    Damage(only_the_api_invokes_its_functions, CLASSIFY, "SourceArn", DELETED, "ApiFunctionClassify"),
    Damage(only_the_api_invokes_its_functions, CLASSIFY, "Principal", "*", "ApiFunctionClassify"),
    Damage(only_the_api_invokes_its_functions, CLASSIFY, "FunctionName", {"Ref": "ApiFunction"}, "ApiFunctionClassify"),
    Damage(
        only_the_api_invokes_its_functions,
        "ApiFunctionHealthPermissionv1",
        "SourceArn",
        ANY_METHOD_OF_HEALTH,
        "ApiFunctionHealth",
    ),
    Damage(
        only_the_api_invokes_its_functions,
        "PageFunctionFilePermissionv1",
        "SourceArn",
        METHOD_OF_ANOTHER_FUNCTION,
        "PageFunctionFile",
    ),
    Damage(only_the_api_invokes_its_functions, "", "Url", {"Type": "AWS::Lambda::Url"}, "Url"),
]

"""What docs/security.md claims of the template: who may do what, what is encrypted, what is closed.

Each check is a function from an expanded template to what is wrong with it, in words; a damaged copy of the template
proves that it sees the damage.
"""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from local import template
from local.paths import ROOT
from mien.logic import images, requests, retries
from mien.pipeline import batches, health

Template = dict[str, Any]
Check = Callable[[Template], list[str]]

TEMPLATE: Template = template.expand_template()
# In one line, so that it does not matter where its lines end.
SECURITY = " ".join((ROOT / "docs" / "security.md").read_text().split())

# Which prefixes each action on objects is for, by role. If the one that reads the inbox could write to it, it could
# make a loop; the API's only signs what others write there, and writes no documents.
OBJECTS = {
    "InboxRole": {
        "s3:GetObject": {"Inbox", "Results", "Rejected"},
        "s3:GetObjectVersion": {"Inbox"},
        "s3:PutObject": {"Results", "Rejected"},
        "s3:DeleteObject": {"Results", "Rejected"},
    },
    "ApiRole": {
        "s3:GetObject": {"Inbox", "Results", "Rejected"},
        "s3:GetObjectVersion": {"Inbox"},
        "s3:PutObject": {"Inbox"},
    },
}
# The one permission that is wider than its purpose. S3 answers 404 instead of 403 for an object that isn't there only
# to those who may list the bucket; AWS has no narrower resource for it, and a condition on the prefix would not match,
# because reading an object names none.
WIDER = {("InboxRole", "s3:ListBucket", "${Bucket.Arn}"), ("ApiRole", "s3:ListBucket", "${Bucket.Arn}")}
# What comes from the queue may go back to it, or to the dead letters, and there it can't be read.
QUEUES = {
    "sqs:ReceiveMessage": {"${Queue.Arn}"},
    "sqs:DeleteMessage": {"${Queue.Arn}"},
    "sqs:GetQueueAttributes": {"${Queue.Arn}"},
    "sqs:SendMessage": {"${Queue.Arn}", "${DeadLetterQueue.Arn}"},
}
ENDPOINT = "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint/${EndpointName}"
BUCKET = "arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}-${AWS::Region}"
TLS_ONLY = {"Bool": {"aws:SecureTransport": False}}
# What of the API each function answers.
CALLS = {
    "ApiFunction": {"POST/classify", "GET/health", "GET/results", "GET/results/*", "POST/uploads"},
    "PageFunction": {"GET/", "GET/page/*/*"},
}


def of_type(of: Template, kind: str) -> dict[str, Any]:
    return {name: r.get("Properties", {}) for name, r in of["Resources"].items() if r["Type"] == kind}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """An intrinsic function as the text that Fn::Sub would have for it."""
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [*path]}:
            return f"${{{'.'.join(path)}}}"
        case {"Fn::GetAtt": path}:
            return f"${{{path}}}"
        case {"Fn::Sub": [written, {**values}]}:
            for name, inner in values.items():
                written = written.replace(f"${{{name}}}", text(inner))
            return str(written)
        case {"Fn::Sub": written}:
            return str(written)
    return str(value)


def permissions(of: Template) -> Iterator[tuple[str, str, str]]:
    """Role, action and resource, one by one."""
    for name, role in of_type(of, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                for action in listed(statement.get("Action", "NotAction")):
                    for resource in listed(statement.get("Resource", "NotResource")):
                        # Where a reference would be a circle, the bucket is called by its name.
                        yield name, action, text(resource).replace(BUCKET, "${Bucket.Arn}")


def log_groups_of(of: Template, role: str) -> set[str]:
    functions = of_type(of, "AWS::Lambda::Function").values()
    groups = [f.get("LoggingConfig", {}).get("LogGroup") for f in functions if text(f["Role"]) == f"${{{role}.Arn}}"]
    return {f"${{{group['Ref']}.Arn}}" for group in groups if group}


def policies_stand_in_the_roles(of: Template) -> list[str]:
    """So that reading the roles is reading all that is allowed."""
    elsewhere = [name for name, r in of["Resources"].items() if re.fullmatch(r"AWS::IAM::(?!Role$).*", r["Type"])]
    managed = [name for name, role in of_type(of, "AWS::IAM::Role").items() if "ManagedPolicyArns" in role]
    return [f"{name} allows what no role here spells out" for name in elsewhere + managed]


def no_action_is_a_wildcard(of: Template) -> list[str]:
    return [f"{role}: {action}" for role, action, _ in permissions(of) if "*" in action or action == "NotAction"]


def no_resource_is_everything(of: Template) -> list[str]:
    whole = [(role, action, resource) for role, action, resource in permissions(of) if resource in ("*", "NotResource")]
    return [f"{role}: {action} on {resource}" for role, action, resource in whole]


def no_permission_is_wider_than_its_purpose(of: Template) -> list[str]:
    wide = []
    for role, action, resource in permissions(of):
        purpose: set[str] = set()
        if action in OBJECTS.get(role, {}):
            purpose = {f"${{Bucket.Arn}}/${{{prefix}Prefix}}*" for prefix in OBJECTS[role][action]}
        elif action in QUEUES and role == "InboxRole":
            purpose = QUEUES[action]
        elif action == "sagemaker:InvokeEndpoint" and role in ("InboxRole", "ApiRole"):
            purpose = {ENDPOINT}
        elif action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            purpose = log_groups_of(of, role)
        if resource not in purpose and (role, action, resource) not in WIDER:
            wide.append(f"{role}: {action} on {resource}")
    return wide


def only_lambda_takes_a_role(of: Template) -> list[str]:
    expected = [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    roles = of_type(of, "AWS::IAM::Role")
    return [n for n, role in roles.items() if role["AssumeRolePolicyDocument"]["Statement"] != expected]


def everything_stored_is_encrypted(of: Template) -> list[str]:
    """Log groups need not say so: CloudWatch Logs encrypts them all."""
    buckets = [n for n, bucket in of_type(of, "AWS::S3::Bucket").items() if not bucket.get("BucketEncryption")]
    queues = of_type(of, "AWS::SQS::Queue").items()
    return buckets + [n for n, q in queues if q.get("SqsManagedSseEnabled") is not True and not q.get("KmsMasterKeyId")]


def no_bucket_is_public(of: Template) -> list[str]:
    blocks = {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}
    open_to_all = []
    for name, bucket in of_type(of, "AWS::S3::Bucket").items():
        blocked = {block for block, on in bucket.get("PublicAccessBlockConfiguration", {}).items() if on is True}
        open_to_all += [f"{name}: {block} is off" for block in sorted(blocks - blocked)]
        if bucket.get("OwnershipControls") != {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}:
            open_to_all.append(f"{name}: objects can have ACLs")
    for name, policy in of_type(of, "AWS::S3::BucketPolicy").items():
        allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
        open_to_all += [f"{name}: allows something" for _ in allowed]
    return open_to_all


def refuses_plain_http(policies: list[Any], action: str, resources: set[str]) -> bool:
    statements = [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]
    return any(
        (s["Effect"], s.get("Principal"), s.get("Action"), s.get("Condition")) == ("Deny", "*", action, TLS_ONLY)
        and resources <= {text(resource) for resource in listed(s["Resource"])}
        for s in statements
    )


def nothing_is_reached_without_tls(of: Template) -> list[str]:
    plain = []
    for name in of_type(of, "AWS::S3::Bucket"):
        of_bucket = [p for p in of_type(of, "AWS::S3::BucketPolicy").values() if text(p["Bucket"]) == f"${{{name}}}"]
        if not refuses_plain_http(of_bucket, "s3:*", {f"${{{name}.Arn}}", f"${{{name}.Arn}}/*"}):
            plain.append(name)
    for name in of_type(of, "AWS::SQS::Queue"):
        policies = of_type(of, "AWS::SQS::QueuePolicy").values()
        of_queue = [p for p in policies if f"${{{name}}}" in map(text, p["Queues"])]
        if not refuses_plain_http(of_queue, "sqs:*", {f"${{{name}.Arn}}"}):
            plain.append(name)
    return plain


def only_the_bucket_sends_to_the_queue(of: Template) -> list[str]:
    named = {text(b["BucketName"]) for b in of_type(of, "AWS::S3::Bucket").values()}
    condition = {
        "ArnEquals": {"aws:SourceArn": {"Fn::Sub": BUCKET}},
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    }
    sends = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
        "Condition": condition,
    }
    others = [f"{name} is not the bucket that may send" for name in named if not BUCKET.endswith(f":::{name}")]
    for name, policy in of_type(of, "AWS::SQS::QueuePolicy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow" and {k: v for k, v in statement.items() if k != "Sid"} != sends:
                others.append(f"{name}: {statement.get('Sid')}")
    return others


def only_the_api_calls_its_functions(of: Template) -> list[str]:
    """Others of the account need a policy of their own for it; the queue is polled, and calls nothing."""
    urls = list(of_type(of, "AWS::Lambda::Url"))
    strangers = [
        name
        for name, allowed in of_type(of, "AWS::Lambda::Permission").items()
        if allowed["Principal"] != "apigateway.amazonaws.com"
        or text(allowed.get("SourceArn"))
        not in {
            f"arn:aws:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Api}}/*/{call}"
            for call in CALLS[allowed["FunctionName"]["Ref"]]
        }
    ]
    return urls + strangers


def every_functions_log_ends(of: Template) -> list[str]:
    kept = {f"${{{n}}}" for n, group in of_type(of, "AWS::Logs::LogGroup").items() if group.get("RetentionInDays")}
    functions = of_type(of, "AWS::Lambda::Function").items()
    return [n for n, f in functions if text(f.get("LoggingConfig", {}).get("LogGroup")) not in kept]


def every_method_asks_for_what_the_parameter_says(of: Template) -> list[str]:
    """ApiAuth: a key, or IAM. The page is for everyone, where there is one."""
    other_kinds = ("AWS::ApiGateway::Method", "AWS::ApiGatewayV2::")
    unknown = [name for name, r in of["Resources"].items() if r["Type"].startswith(other_kinds)]
    open_to_all = []
    for name, of_api in of_type(of, "AWS::ApiGateway::RestApi").items():
        for auth in of["Parameters"]["ApiAuth"]["AllowedValues"]:
            body = template.resolve(
                of_api["Body"], template.default_parameters() | {"ApiAuth": auth, "CorsOrigin": "*"}
            )
            for path, methods in body["paths"].items():
                open_to_all += [
                    f"{name}: {method} {path} ({auth})"
                    for method, operation in methods.items()
                    if not asks_for(auth, operation, body)
                    and not is_answered_by_the_gateway_alone(method, operation)
                    and not (auth == "key" and is_of_the_page(operation))
                ]
    return unknown + open_to_all


def asks_for(auth: str, operation: Any, body: Any) -> bool:
    schemes = body.get("components", {}).get("securitySchemes", {})
    good = {
        scheme
        for scheme, how in schemes.items()
        if (how["type"], how["in"]) == ("apiKey", "header")
        and (auth == "key" or how.get("x-amazon-apigateway-authtype") == "awsSigv4")
        and (auth == "iam" or how["name"] == "x-api-key")
    }
    # Any one of the requirements is enough, and an empty one asks for nothing.
    return all(set(requirement) & good for requirement in operation.get("security") or [{}])


def is_answered_by_the_gateway_alone(method: str, operation: Any) -> bool:
    """Of a preflight, with which a browser sends no key."""
    return method == "options" and bool(operation["x-amazon-apigateway-integration"]["type"] == "mock")


def is_of_the_page(operation: Any) -> bool:
    return "${PageFunction.Arn}" in text(operation["x-amazon-apigateway-integration"].get("uri"))


def who_needs_no_key_may_do_nothing(of: Template) -> list[str]:
    """The page's function answers everyone, and so its role may only log."""
    [role] = {text(f["Role"]) for name, f in of_type(of, "AWS::Lambda::Function").items() if name == "PageFunction"}
    return [
        f"{name}: {action}"
        for name, action, _ in permissions(of)
        if role == f"${{{name}.Arn}}" and not action.startswith("logs:")
    ]


def every_stage_is_throttled(of: Template) -> list[str]:
    """By key, and as a whole: preflights bring no key."""
    throttled = {
        text(stage["ApiId"])
        for plan in of_type(of, "AWS::ApiGateway::UsagePlan").values()
        if {"RateLimit", "BurstLimit"} <= set(plan.get("Throttle", {}))
        for stage in plan["ApiStages"]
    }
    limits = {"HttpMethod", "ResourcePath", "ThrottlingRateLimit", "ThrottlingBurstLimit"}
    unthrottled = []
    for name, stage in of_type(of, "AWS::ApiGateway::Stage").items():
        whole = [s for s in stage.get("MethodSettings", []) if limits <= set(s)]
        if text(stage["RestApiId"]) not in throttled:
            unthrottled.append(f"{name}: by key")
        if not any((s["HttpMethod"], s["ResourcePath"]) == ("*", "/*") for s in whole):
            unthrottled.append(f"{name}: as a whole")
    return unthrottled


def cors_is_closed_unless_a_parameter_opens_it(of: Template) -> list[str]:
    """Preflights and headers hang on the condition, which the parameter's default does not meet."""
    wrong = []
    if of["Parameters"]["CorsOrigin"]["Default"] != "":
        wrong.append("CorsOrigin: open by default")
    if of["Conditions"]["CorsIsOpen"] != {"Fn::Not": [{"Fn::Equals": [{"Ref": "CorsOrigin"}, ""]}]}:
        wrong.append("CorsIsOpen: says something else")
    for name, of_api in of_type(of, "AWS::ApiGateway::RestApi").items():
        wrong += [f"{name}: {place}" for place in cors_without_condition(of_api["Body"])]
    return wrong


def cors_without_condition(body: Any, place: str = "") -> Iterator[str]:
    """Where preflights or headers of CORS are given, whatever the parameter is."""
    for step, value in body.items() if isinstance(body, dict) else enumerate(body):
        here = f"{place} {step}".strip()
        match value:
            case {"Fn::If": ["CorsIsOpen", _, {"Ref": "AWS::NoValue"}]}:
                continue
        if step == "options" or ".header.Access-Control-" in str(step):
            yield here
        elif isinstance(value, (dict, list)):
            yield from cors_without_condition(value, here)


def what_the_gateway_answers_is_closed_to_browsers(of: Template) -> list[str]:
    """As the function's answers are: no other type is guessed, nothing runs, nothing is kept."""
    headers = {
        "Content-Type": "'application/problem+json'",
        "X-Content-Type-Options": "'nosniff'",
        "Content-Security-Policy": "'sandbox'",
        "Cache-Control": "'no-store'",
    }
    expected = {f"gatewayresponse.header.{name}": value for name, value in headers.items()}
    open_answers = []
    for name, of_api in of_type(of, "AWS::ApiGateway::RestApi").items():
        answers = of_api["Body"].get(template.GATEWAY_RESPONSES, {})
        missing = {"DEFAULT_4XX", "DEFAULT_5XX"} - set(answers)
        open_answers += [f"{name}: {kind}" for kind in sorted(missing)]
        open_answers += [
            f"{name}: {kind}"
            for kind, answer in answers.items()
            if not expected.items() <= answer["responseParameters"].items()
        ]
    return open_answers


CHECKS: list[Check] = [
    policies_stand_in_the_roles,
    no_action_is_a_wildcard,
    no_resource_is_everything,
    no_permission_is_wider_than_its_purpose,
    only_lambda_takes_a_role,
    everything_stored_is_encrypted,
    no_bucket_is_public,
    nothing_is_reached_without_tls,
    only_the_bucket_sends_to_the_queue,
    only_the_api_calls_its_functions,
    every_functions_log_ends,
    every_method_asks_for_what_the_parameter_says,
    who_needs_no_key_may_do_nothing,
    every_stage_is_throttled,
    cors_is_closed_unless_a_parameter_opens_it,
    what_the_gateway_answers_is_closed_to_browsers,
]


@pytest.mark.parametrize("check", CHECKS)
def test_the_template_keeps(check: Check) -> None:
    assert check(TEMPLATE) == []


def at(of: Template, path: str) -> Any:
    """Where the words lead to: a resource's name, properties; entries of lists by number, statements also by Sid."""
    found: Any = of["Resources"]
    for number, step in enumerate(path.split()):
        if isinstance(found, list):
            found = found[int(step)] if step.isdigit() else next(s for s in found if s["Sid"] == step)
        else:
            found = found[step] if number else found[step]["Properties"]
    return found


INBOX_ROLE = "InboxRole Policies 0 PolicyDocument Statement"
PAGE_ROLE = "PageRole Policies 0 PolicyDocument Statement"
API_ROLE = "ApiRole Policies 0 PolicyDocument Statement"
SENDER = "QueuePolicy PolicyDocument Statement BucketSends"
POST = "Api Body paths /classify post"
# Of a path that only takes POST.
POSTED = {"x-amazon-apigateway-integration": {}}
PREFLIGHT = "Api Body paths /classify options Fn::If"
REFUSES = f"Api Body {template.GATEWAY_RESPONSES} INVALID_API_KEY responseParameters"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
GONE = object()
EVERY_PREFIX = {"Fn::Sub": "${Bucket.Arn}/*"}
TO_INBOX = {"Fn::Sub": "${Bucket.Arn}/${InboxPrefix}*"}
TO_RESULTS = {"Fn::Sub": BUCKET + "/${ResultsPrefix}*"}
# Which check is to see it, what is damaged, and what is put there; and words of what the check then says.
DAMAGES: list[tuple[Check, str, str, Any, str]] = [
    (
        policies_stand_in_the_roles,
        "ApiRole",
        "ManagedPolicyArns",
        ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "ApiRole",
    ),
    (policies_stand_in_the_roles, "", "Extra", {"Type": "AWS::IAM::Policy"}, "Extra"),
    (no_action_is_a_wildcard, f"{INBOX_ROLE} ReadImages", "Action", "s3:*", "InboxRole: s3:*"),
    (no_action_is_a_wildcard, f"{INBOX_ROLE} ReadImages", "Action", ["s3:GetObject", "s3:Get*"], "s3:Get*"),
    (no_action_is_a_wildcard, f"{INBOX_ROLE} ReadImages", "Action", GONE, "NotAction"),
    (no_resource_is_everything, f"{API_ROLE} Log", "Resource", "*", "ApiRole: logs:PutLogEvents on *"),
    (no_resource_is_everything, f"{API_ROLE} Log", "Resource", GONE, "NotResource"),
    (no_permission_is_wider_than_its_purpose, f"{INBOX_ROLE} ReadImages", "Resource", EVERY_PREFIX, "GetObjectVersion"),
    (no_permission_is_wider_than_its_purpose, f"{INBOX_ROLE} KeepDocuments", "Resource", TO_INBOX, "s3:PutObject"),
    (no_permission_is_wider_than_its_purpose, f"{INBOX_ROLE} ReadImages", "Action", "s3:PutObjectAcl", "PutObjectAcl"),
    (
        no_permission_is_wider_than_its_purpose,
        f"{INBOX_ROLE} ReceiveMessages",
        "Action",
        "sqs:PurgeQueue",
        "PurgeQueue",
    ),
    (
        no_permission_is_wider_than_its_purpose,
        f"{INBOX_ROLE} TryAgainOrGiveUp",
        "Action",
        ["sqs:SendMessage", "sqs:ReceiveMessage"],
        "InboxRole: sqs:ReceiveMessage on ${DeadLetterQueue.Arn}",
    ),
    (
        no_permission_is_wider_than_its_purpose,
        f"{INBOX_ROLE} ReceiveMessages",
        "Resource",
        {"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:*"},
        "sqs:DeleteMessage",
    ),
    (
        no_permission_is_wider_than_its_purpose,
        f"{API_ROLE} Classify",
        "Resource",
        {"Fn::Sub": ENDPOINT + "*"},
        "ApiRole: sagemaker:InvokeEndpoint",
    ),
    (
        no_permission_is_wider_than_its_purpose,
        f"{API_ROLE} Log",
        "Resource",
        {"Fn::GetAtt": ["InboxLog", "Arn"]},
        "ApiRole: logs:PutLogEvents on ${InboxLog.Arn}",
    ),
    (
        no_permission_is_wider_than_its_purpose,
        f"{API_ROLE} SignUploadsAndPictures",
        "Resource",
        TO_RESULTS,
        "ApiRole: s3:PutObject on ${Bucket.Arn}/${ResultsPrefix}*",
    ),
    (
        no_permission_is_wider_than_its_purpose,
        f"{API_ROLE} ReadDocuments",
        "Action",
        ["s3:GetObject", "s3:DeleteObject"],
        "ApiRole: s3:DeleteObject",
    ),
    (
        no_permission_is_wider_than_its_purpose,
        f"{PAGE_ROLE} Log",
        "Action",
        "sagemaker:InvokeEndpoint",
        "PageRole: sagemaker:InvokeEndpoint",
    ),
    (who_needs_no_key_may_do_nothing, f"{PAGE_ROLE} Log", "Action", "s3:GetObject", "PageRole: s3:GetObject"),
    (who_needs_no_key_may_do_nothing, "PageFunction", "Role", {"Fn::GetAtt": ["ApiRole", "Arn"]}, "ApiRole: s3:"),
    (
        only_lambda_takes_a_role,
        "InboxRole AssumeRolePolicyDocument Statement 0",
        "Principal",
        {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]},
        "InboxRole",
    ),
    (only_lambda_takes_a_role, "ApiRole AssumeRolePolicyDocument Statement 0", "Principal", {"AWS": "*"}, "ApiRole"),
    (everything_stored_is_encrypted, "Bucket", "BucketEncryption", GONE, "Bucket"),
    (everything_stored_is_encrypted, "DeadLetterQueue", "SqsManagedSseEnabled", False, "DeadLetterQueue"),
    (no_bucket_is_public, "Bucket", "PublicAccessBlockConfiguration", GONE, "BlockPublicPolicy is off"),
    (no_bucket_is_public, "Bucket PublicAccessBlockConfiguration", "IgnorePublicAcls", False, "IgnorePublicAcls"),
    (no_bucket_is_public, "Bucket", "OwnershipControls", GONE, "ACLs"),
    (no_bucket_is_public, "BucketPolicy PolicyDocument Statement TlsOnly", "Effect", "Allow", "BucketPolicy"),
    (nothing_is_reached_without_tls, "", "BucketPolicy", GONE, "Bucket"),
    (nothing_is_reached_without_tls, "", "DeadLetterQueuePolicy", GONE, "DeadLetterQueue"),
    (
        nothing_is_reached_without_tls,
        "QueuePolicy PolicyDocument Statement TlsOnly",
        "Action",
        "sqs:SendMessage",
        "Queue",
    ),
    (only_the_bucket_sends_to_the_queue, f"{SENDER} Condition", "StringEquals", GONE, "BucketSends"),
    (only_the_bucket_sends_to_the_queue, f"{SENDER} Condition", "ArnEquals", GONE, "BucketSends"),
    (only_the_bucket_sends_to_the_queue, SENDER, "Principal", "*", "BucketSends"),
    (only_the_bucket_sends_to_the_queue, SENDER, "Action", ["sqs:SendMessage", "sqs:ReceiveMessage"], "BucketSends"),
    (only_the_bucket_sends_to_the_queue, "Bucket", "BucketName", "another", "another"),
    (only_the_api_calls_its_functions, "ApiFunctionClassifyPermissionv1", "SourceArn", GONE, "ApiFunctionClassify"),
    (only_the_api_calls_its_functions, "ApiFunctionClassifyPermissionv1", "Principal", "*", "ApiFunctionClassify"),
    (
        only_the_api_calls_its_functions,
        "ApiFunctionHealthPermissionv1",
        "SourceArn",
        {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*/health"},
        "ApiFunctionHealth",
    ),
    (only_the_api_calls_its_functions, "", "Url", {"Type": "AWS::Lambda::Url"}, "Url"),
    (every_functions_log_ends, "ApiLog", "RetentionInDays", GONE, "ApiFunction"),
    (every_functions_log_ends, "InboxFunction", "LoggingConfig", GONE, "InboxFunction"),
    (
        only_the_api_calls_its_functions,
        "PageFunctionFilePermissionv1",
        "SourceArn",
        {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/POST/classify"},
        "PageFunctionFile",
    ),
    (every_method_asks_for_what_the_parameter_says, POST, "security", GONE, "Api: post /classify (key)"),
    (every_method_asks_for_what_the_parameter_says, POST, "security", [{"api_key": []}, {}], "post /classify (key)"),
    (every_method_asks_for_what_the_parameter_says, POST, "security", [{"api_key": []}], "Api: post /classify (iam)"),
    (every_method_asks_for_what_the_parameter_says, POST, "security", [{"sigv4": []}], "Api: post /classify (key)"),
    (
        every_method_asks_for_what_the_parameter_says,
        "Api Body components securitySchemes",
        "api_key",
        GONE,
        "Api: get /results/{key+} (key)",
    ),
    (
        every_method_asks_for_what_the_parameter_says,
        "Api Body components securitySchemes sigv4",
        "x-amazon-apigateway-authtype",
        GONE,
        "Api: post /uploads (iam)",
    ),
    (every_method_asks_for_what_the_parameter_says, "", "Http", {"Type": "AWS::ApiGatewayV2::Api"}, "Http"),
    (every_method_asks_for_what_the_parameter_says, "Api Body paths /health get", "security", GONE, "get /health"),
    (
        every_method_asks_for_what_the_parameter_says,
        "Api Body paths / Fn::If 1 get x-amazon-apigateway-integration",
        "uri",
        {"Fn::Sub": "${ApiFunction.Arn}"},
        "Api: get / (key)",
    ),
    (
        every_method_asks_for_what_the_parameter_says,
        "Api Body paths",
        "/page/{version}/{file}",
        {"get": {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": "${PageFunction.Arn}"}}},
        "Api: get /page/{version}/{file} (iam)",
    ),
    (
        every_method_asks_for_what_the_parameter_says,
        f"{PREFLIGHT} 1 x-amazon-apigateway-integration",
        "type",
        "aws_proxy",
        "Api: options /classify",
    ),
    (every_stage_is_throttled, "UsagePlan", "Throttle", GONE, "Apiv1Stage: by key"),
    (every_stage_is_throttled, "", "UsagePlan", GONE, "Apiv1Stage: by key"),
    (every_stage_is_throttled, "Apiv1Stage", "MethodSettings", GONE, "Apiv1Stage: as a whole"),
    (every_stage_is_throttled, "Apiv1Stage MethodSettings 0", "HttpMethod", "POST", "Apiv1Stage: as a whole"),
    (
        cors_is_closed_unless_a_parameter_opens_it,
        "Api Body paths /classify",
        "options",
        {"x-amazon-apigateway-integration": {"type": "mock"}},
        "Api: paths /classify options",
    ),
    (
        cors_is_closed_unless_a_parameter_opens_it,
        REFUSES,
        f"gatewayresponse.header.{ALLOW_ORIGIN}",
        {"Fn::If": ["CorsIsOpen", "'https://faces.example.com'", "'*'"]},
        f"INVALID_API_KEY responseParameters gatewayresponse.header.{ALLOW_ORIGIN}",
    ),
    (
        what_the_gateway_answers_is_closed_to_browsers,
        f"Api Body {template.GATEWAY_RESPONSES}",
        "DEFAULT_4XX",
        GONE,
        "4XX",
    ),
    (
        what_the_gateway_answers_is_closed_to_browsers,
        REFUSES,
        "gatewayresponse.header.X-Content-Type-Options",
        GONE,
        "INVALID_API_KEY",
    ),
]


@pytest.mark.parametrize(("check", "path", "name", "value", "words"), DAMAGES)
def test_damage_is_seen(check: Check, path: str, name: str, value: Any, words: str) -> None:
    damaged = copy.deepcopy(TEMPLATE)
    place = at(damaged, path)
    if value is GONE:
        del place[name]
    else:
        place[name] = value
    assert any(words in finding for finding in check(damaged))


def test_each_check_is_shown_a_damage() -> None:
    assert {check for check, *_ in DAMAGES} == set(CHECKS)


def test_every_check_that_checkov_skips_for_one_resource_has_a_reason() -> None:
    written = template.load_template()["Resources"]
    skips = [skip for r in written.values() for skip in r.get("Metadata", {}).get("checkov", {}).get("skip", [])]
    assert skips
    assert all(re.fullmatch(r"\S.{20,}\.", skip["comment"]) for skip in skips)


def test_every_check_that_checkov_skips_everywhere_has_a_reason_above_it() -> None:
    written = (ROOT / ".checkov.yaml").read_text()
    skipped = yaml.safe_load(written)["skip-check"]
    # The last line of the comment ends the reason.
    assert re.findall(r"^  # \S.+\n(?:  # .+\n)*(?<=\.\n)  - (\w+)$", written, re.MULTILINE) == skipped


def test_the_limits_that_the_page_states_are_those_of_the_code() -> None:
    assert f"Files over {images.MAX_BYTES // 1024**2} MiB" in SECURITY
    assert f"over {requests.MAX_BODY_BYTES / 1_000_000} MB" in SECURITY
    assert f"with {requests.MAX_IMAGES} images at most" in SECURITY
    assert f"`EndpointInput=image`, {requests.MAX_CALLS} at most" in SECURITY
    assert f"one call in {health.INTERVAL:.0f} s at most" in SECURITY
    assert f"At most {batches.WORKERS} files" in SECURITY
    assert f"Over {images.MAX_PIXELS // 1_000_000} million pixels" in SECURITY
    assert f"a side under {images.MIN_SIDE}" in SECURITY
    names = {"WEBP": "WebP"}
    assert ", ".join(names.get(kind or "", kind or "") for kind in images.FORMATS) in SECURITY


def test_the_limits_that_the_page_states_are_those_of_the_template() -> None:
    written = template.load_template()
    seconds, parameters = written["Mappings"]["Seconds"], written["Parameters"]
    assert f"the function's {written['Globals']['Function']['MemorySize']} MB" in SECURITY
    assert f"timeout of {seconds['Inbox']['Timeout']} s" in SECURITY
    assert f"the function's {seconds['Api']['Timeout']} s" in SECURITY
    throttle = of_type(TEMPLATE, "AWS::ApiGateway::UsagePlan")["UsagePlan"]["Throttle"]
    assert f"{throttle['RateLimit']} times a second, {throttle['BurstLimit']} at once" in SECURITY
    of_page = [
        path
        for path, methods in template.api_definition()["paths"].items()
        if is_of_the_page(methods.get("get", POSTED))
    ]
    assert len(of_page) == 2
    assert f"{throttle['RateLimit']} times a second each" in SECURITY
    assert f"{2 * throttle['RateLimit'] * 86_400 / 1e6:.1f} million requests of them a day" in SECURITY
    assert f"`MaximumConcurrency` ({parameters['MaximumConcurrency']['Default']})" in SECURITY
    days = seconds["TwoWeeks"]["Retention"] // 86400
    old_versions, logs = parameters["OldVersionDays"]["Default"], parameters["LogDays"]["Default"]
    assert f"old versions for {old_versions} days, messages for {days}, logs for {logs}" in SECURITY
    assert of_type(TEMPLATE, "AWS::SQS::Queue")["Queue"]["RedrivePolicy"]["maxReceiveCount"] == retries.MAX_ENDED
    assert "after the fifth time" in SECURITY


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", SECURITY))))
def test_every_link_of_the_page_leads_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists()

"""Each function's role allows what the function does, and nothing else."""

import re
from collections.abc import Mapping

import pytest

from tests.support.stack import (
    BUCKET_ARN,
    DELETED,
    ENDPOINT_ARN,
    TEMPLATE,
    WITH_EXISTING_BUCKET,
    WITH_LINES,
    Check,
    Damage,
    Template,
    as_text,
    permissions,
    properties_of,
)

# The prefixes that each role may use, by action on objects. If InboxRole could write to the inbox, its function could
# trigger itself in a loop. ApiRole may write to the inbox because ApiFunction signs upload forms, but not to documents.
# Reviews are the only objects that it may delete.
OBJECTS = {
    "InboxRole": {
        "s3:GetObject": {"Inbox", "Results", "Rejected", "Reviews"},
        "s3:PutObject": {"Results", "Rejected"},
        "s3:DeleteObject": {"Results", "Rejected", "Reviews"},
    },
    "ApiRole": {
        "s3:GetObject": {"Inbox", "Results", "Rejected", "Reviews"},
        "s3:PutObject": {"Inbox", "Reviews"},
        "s3:DeleteObject": {"Reviews"},
    },
}
# The only permissions that are wider than their purpose. S3 answers 404 instead of 403 for a missing object only to
# identities that may list the bucket. AWS has no narrower resource for this action, and a condition on the prefix would
# not match, because a request that reads an object has no prefix.
WIDER_THAN_NEEDED = {
    ("InboxRole", "s3:ListBucket", "${Bucket.Arn}"),
    ("ApiRole", "s3:ListBucket", "${Bucket.Arn}"),
}
# The same with results as lines. Objects of lines are only added: nothing that is stored can be read or changed, and
# nothing is written below the prefixes of rejections and reviews.
OBJECTS_WITH_LINES = {
    "InboxRole": {"s3:GetObject": {"Inbox"}, "s3:PutObject": {"Results"}},
    "ApiRole": {"s3:GetObject": {"Inbox"}, "s3:PutObject": {"Inbox"}},
}
# Messages from the queue may be sent back to it or to the dead-letter queue, which the function can't read.
QUEUES = {
    "sqs:ReceiveMessage": {"${Queue.Arn}"},
    "sqs:DeleteMessage": {"${Queue.Arn}"},
    "sqs:GetQueueAttributes": {"${Queue.Arn}"},
    "sqs:SendMessage": {"${Queue.Arn}", "${DeadLetterQueue.Arn}"},
}
# What CodeDeploy needs to shift traffic. DescribeAlarms has no narrower resource, because CodeDeploy chooses the names.
ALARMS = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"
SHIFTED = {f"${{{name}Function.Arn}}{alias}" for name in ("Inbox", "Api") for alias in ("", ":live")}
CODEDEPLOY = {
    "lambda:GetAlias": SHIFTED,
    "lambda:UpdateAlias": SHIFTED,
    "lambda:GetProvisionedConcurrencyConfig": SHIFTED,
    "cloudwatch:DescribeAlarms": {ALARMS},
}


def log_groups_of(expanded: Template, role: str) -> set[str]:
    """ARNs of the log groups of the functions that have a role."""
    functions = properties_of(expanded, "AWS::Lambda::Function").values()
    groups = [f.get("LoggingConfig", {}).get("LogGroup") for f in functions if as_text(f["Role"]) == f"${{{role}.Arn}}"]
    return {f"${{{group['Ref']}.Arn}}" for group in groups if group}


def all_policies_are_in_the_roles(expanded: Template) -> list[str]:
    """Then the roles show everything that is allowed."""
    separate = [name for name, r in expanded["Resources"].items() if re.fullmatch(r"AWS::IAM::(?!Role$).*", r["Type"])]
    managed = [n for n, role in properties_of(expanded, "AWS::IAM::Role").items() if "ManagedPolicyArns" in role]
    return [f"{name} allows something that is not written in a role" for name in separate + managed]


def no_action_is_a_wildcard(expanded: Template) -> list[str]:
    return [f"{role}: {action}" for role, action, _ in permissions(expanded) if "*" in action or action == "NotAction"]


def no_resource_is_everything(expanded: Template) -> list[str]:
    return [
        f"{role}: {action} on {resource}"
        for role, action, resource in permissions(expanded)
        if resource in ("*", "NotResource")
    ]


def no_permission_is_wider_than_its_purpose(expanded: Template) -> list[str]:
    wide = []
    for role, action, resource in permissions(expanded):
        needed: set[str] = set()
        if action in OBJECTS.get(role, {}):
            needed = {f"${{Bucket.Arn}}/${{{prefix}Prefix}}*" for prefix in OBJECTS[role][action]}
        elif action in QUEUES and role == "InboxRole":
            needed = QUEUES[action]
        elif action in CODEDEPLOY and role == "CodeDeployRole":
            needed = CODEDEPLOY[action]
        elif action == "sagemaker:InvokeEndpoint" and role in ("InboxRole", "ApiRole"):
            needed = {ENDPOINT_ARN}
        elif action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            needed = log_groups_of(expanded, role)
        if resource not in needed and (role, action, resource) not in WIDER_THAN_NEEDED:
            wide.append(f"{role}: {action} on {resource}")
    return wide


def only_its_service_assumes_a_role(expanded: Template) -> list[str]:
    """Lambda those of the functions. CodeDeploy its own, and only for deployments of this account."""
    for_lambda = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    for_codedeploy = {
        **for_lambda,
        "Principal": {"Service": "codedeploy.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }
    return [
        name
        for name, role in properties_of(expanded, "AWS::IAM::Role").items()
        if role["AssumeRolePolicyDocument"]["Statement"] != [for_codedeploy if name == "CodeDeployRole" else for_lambda]
    ]


def the_public_page_may_only_log(expanded: Template) -> list[str]:
    """PageFunction answers everyone, so its role may do nothing else."""
    functions = properties_of(expanded, "AWS::Lambda::Function")
    page_role = as_text(functions["PageFunction"]["Role"])
    return [
        f"{role}: {action}"
        for role, action, _ in permissions(expanded)
        if page_role == f"${{{role}.Arn}}" and not action.startswith("logs:")
    ]


def an_account_can_limit_every_role(expanded: Template) -> list[str]:
    boundary = {"Fn::If": ["RolesAreBounded", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
    roles = properties_of(expanded, "AWS::IAM::Role")
    return [name for name, role in roles.items() if role.get("PermissionsBoundary") != boundary]


CHECKS: list[Check] = [
    all_policies_are_in_the_roles,
    no_action_is_a_wildcard,
    no_resource_is_everything,
    no_permission_is_wider_than_its_purpose,
    only_its_service_assumes_a_role,
    the_public_page_may_only_log,
    an_account_can_limit_every_role,
]

INBOX_ROLE = "InboxRole Policies 0 PolicyDocument Statement"
PAGE_ROLE = "PageRole Policies 0 PolicyDocument Statement"
API_ROLE = "ApiRole Policies 0 PolicyDocument Statement"
CODEDEPLOY_ROLE = "CodeDeployRole Policies 0 PolicyDocument Statement"
ALL_FUNCTIONS = {"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:*"}
ALL_OBJECTS = {"Fn::Sub": "${Bucket.Arn}/*"}
INBOX = {"Fn::Sub": "${Bucket.Arn}/${InboxPrefix}*"}
RESULTS = {"Fn::Sub": BUCKET_ARN + "/${ResultsPrefix}*"}
READ_ONLY = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
ALL_QUEUES = {"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:*"}
LAMBDA_AND_EC2 = {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}
SEND_AND_RECEIVE = ["sqs:SendMessage", "sqs:ReceiveMessage"]

DAMAGES = [
    Damage(an_account_can_limit_every_role, "PageRole", "PermissionsBoundary", DELETED, "PageRole"),
    Damage(all_policies_are_in_the_roles, "ApiRole", "ManagedPolicyArns", READ_ONLY, "ApiRole"),
    Damage(all_policies_are_in_the_roles, "", "Extra", {"Type": "AWS::IAM::Policy"}, "Extra"),
    Damage(no_action_is_a_wildcard, f"{INBOX_ROLE} ReadImages", "Action", "s3:*", "InboxRole: s3:*"),
    Damage(no_action_is_a_wildcard, f"{INBOX_ROLE} ReadImages", "Action", ["s3:GetObject", "s3:Get*"], "s3:Get*"),
    Damage(no_action_is_a_wildcard, f"{INBOX_ROLE} ReadImages", "Action", DELETED, "NotAction"),
    Damage(no_resource_is_everything, f"{API_ROLE} Log", "Resource", "*", "ApiRole: logs:PutLogEvents on *"),
    Damage(no_resource_is_everything, f"{API_ROLE} Log", "Resource", DELETED, "NotResource"),
    *(
        Damage(no_permission_is_wider_than_its_purpose, path, name, value, finding)
        for path, name, value, finding in [
            (f"{INBOX_ROLE} ReadImages", "Resource", ALL_OBJECTS, "GetObject"),
            (f"{INBOX_ROLE} ReadImages", "Action", ["s3:GetObject", "s3:GetObjectVersion"], "GetObjectVersion"),
            (f"{INBOX_ROLE} ReadImages", "Action", ["s3:GetObject", "s3:DeleteObject"], "s3:DeleteObject"),
            (f"{API_ROLE} SignUploadsAndPictures", "Action", "s3:GetObjectVersion", "ApiRole: s3:GetObjectVersion"),
            (f"{INBOX_ROLE} KeepDocuments", "Resource", INBOX, "s3:PutObject"),
            (f"{INBOX_ROLE} ReadImages", "Action", "s3:PutObjectAcl", "PutObjectAcl"),
            (f"{INBOX_ROLE} ReceiveMessages", "Action", "sqs:PurgeQueue", "PurgeQueue"),
            (
                f"{INBOX_ROLE} TryAgainOrGiveUp",
                "Action",
                SEND_AND_RECEIVE,
                "InboxRole: sqs:ReceiveMessage on ${DeadLetterQueue.Arn}",
            ),
            (f"{INBOX_ROLE} ReceiveMessages", "Resource", ALL_QUEUES, "sqs:DeleteMessage"),
            (
                f"{API_ROLE} Classify",
                "Resource",
                {"Fn::Sub": ENDPOINT_ARN + "*"},
                "ApiRole: sagemaker:InvokeEndpoint",
            ),
            (
                f"{API_ROLE} Log",
                "Resource",
                {"Fn::GetAtt": ["InboxLog", "Arn"]},
                "ApiRole: logs:PutLogEvents on ${InboxLog.Arn}",
            ),
            (
                f"{API_ROLE} SignUploadsAndPictures",
                "Resource",
                RESULTS,
                "ApiRole: s3:PutObject on ${Bucket.Arn}/${ResultsPrefix}*",
            ),
            (
                f"{API_ROLE} ReadDocuments",
                "Action",
                ["s3:GetObject", "s3:DeleteObject"],
                "ApiRole: s3:DeleteObject",
            ),
            (
                f"{CODEDEPLOY_ROLE} ShiftTraffic",
                "Resource",
                ALL_FUNCTIONS,
                "CodeDeployRole: lambda:UpdateAlias",
            ),
            (
                f"{CODEDEPLOY_ROLE} ShiftTraffic",
                "Action",
                "lambda:InvokeFunction",
                "CodeDeployRole: lambda:InvokeFunction",
            ),
            (f"{PAGE_ROLE} Log", "Action", "sagemaker:InvokeEndpoint", "PageRole: sagemaker:InvokeEndpoint"),
        ]
    ),
    Damage(the_public_page_may_only_log, f"{PAGE_ROLE} Log", "Action", "s3:GetObject", "PageRole: s3:GetObject"),
    Damage(the_public_page_may_only_log, "PageFunction", "Role", {"Fn::GetAtt": ["ApiRole", "Arn"]}, "ApiRole: s3:"),
    Damage(
        only_its_service_assumes_a_role,
        "InboxRole AssumeRolePolicyDocument Statement 0",
        "Principal",
        LAMBDA_AND_EC2,
        "InboxRole",
    ),
    Damage(
        only_its_service_assumes_a_role,
        "ApiRole AssumeRolePolicyDocument Statement 0",
        "Principal",
        {"AWS": "*"},
        "ApiRole",
    ),
    Damage(
        only_its_service_assumes_a_role,
        "CodeDeployRole AssumeRolePolicyDocument Statement 0",
        "Condition",
        DELETED,
        "CodeDeployRole",
    ),
]


def test_a_wildcard_in_a_resource_is_the_end_of_one_prefix_of_the_bucket_or_means_all_alarms() -> None:
    one_prefix = re.compile(r"\$\{Bucket.Arn\}/\$\{(Inbox|Results|Rejected|Reviews)Prefix\}\*")
    for _, _, resource in permissions(TEMPLATE):
        assert "*" not in resource or one_prefix.fullmatch(resource) or resource == ALARMS


def test_all_functions_but_the_page_may_invoke_exactly_one_endpoint() -> None:
    allowed = sorted(p for p in permissions(TEMPLATE) if p[1] == "sagemaker:InvokeEndpoint")
    assert allowed == [(role, "sagemaker:InvokeEndpoint", ENDPOINT_ARN) for role in ("ApiRole", "InboxRole")]
    functions = properties_of(TEMPLATE, "AWS::Lambda::Function")
    assert {as_text(f["Role"]) for name, f in functions.items() if name != "PageFunction"} == {
        "${InboxRole.Arn}",
        "${ApiRole.Arn}",
    }


def test_s3_answers_both_functions_with_404_if_an_object_is_missing() -> None:
    """Without this permission, S3 answers 403 instead of 404, and a removed image is retried for days."""
    allowed = set(permissions(TEMPLATE))
    assert set(permissions(WITH_EXISTING_BUCKET)) == allowed
    for role in ("InboxRole", "ApiRole"):
        assert (role, "s3:ListBucket", "${Bucket.Arn}") in allowed


@pytest.mark.parametrize(
    ("stack", "objects"), [(TEMPLATE, OBJECTS), (WITH_LINES, OBJECTS_WITH_LINES)], ids=["documents", "lines"]
)
def test_the_functions_may_use_only_the_objects_that_their_format_of_results_has(
    stack: Template, objects: Mapping[str, Mapping[str, set[str]]]
) -> None:
    allowed = {
        (role, action, f"${{Bucket.Arn}}/${{{prefix}Prefix}}*")
        for role, actions in objects.items()
        for action, prefixes in actions.items()
        for prefix in prefixes
    }
    assert {each for each in permissions(stack) if each[1].startswith("s3:")} == allowed | WIDER_THAN_NEEDED


def test_the_format_of_results_changes_only_the_functions_permissions_in_the_bucket() -> None:
    documents, lines = TEMPLATE["Resources"], WITH_LINES["Resources"]
    assert documents.keys() == lines.keys()
    assert {name for name in lines if documents[name] != lines[name]} == {"InboxRole", "ApiRole"}
    assert set(permissions(WITH_LINES)) < set(permissions(TEMPLATE))


def test_no_role_may_read_or_list_old_versions() -> None:
    """An image that was deleted or has expired can't be had through Mien."""
    assert not [action for _, action, _ in permissions(TEMPLATE) if "Version" in action]


def test_the_inbox_function_may_delete_documents_with_a_condition() -> None:
    """S3 requires GetObject too (Amazon S3 User Guide, "How to perform conditional deletes")."""
    allowed = set(permissions(TEMPLATE))
    for prefix in ("Results", "Rejected"):
        for action in ("s3:GetObject", "s3:DeleteObject"):
            assert ("InboxRole", action, f"${{Bucket.Arn}}/${{{prefix}Prefix}}*") in allowed

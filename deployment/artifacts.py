"""The bucket of models and packages. It exists before the stacks, because both stacks are made of what it holds."""

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from deployment.errors import DeploymentError
from deployment.names import Names
from deployment.tags import OWNER_TAG, is_marked, mark_bucket, read_tags
from operate.versions import list_contents

# Where models are stored in the bucket, and where SAM stores the functions' packages. hosting.yaml's role may read
# models only.
MODELS, PACKAGES = "models", "packages"
# CreateBucket refuses the name of this region as a location (Amazon S3 API Reference, "CreateBucket").
REGION_WITHOUT_LOCATION = "us-east-1"
MISSING = ("404", "NoSuchBucket")


def bucket_exists(s3: Any, bucket: str, account: str) -> bool:
    """Whether the account has this bucket. Raises DeploymentError if another account has it, or if S3 says nothing."""
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in MISSING:
            return False
        raise DeploymentError(
            f"bucket {bucket} can't be used (S3 answers {code}): it belongs to another account, or you lack "
            "s3:ListBucket for it"
        ) from None
    return True


def prepare_bucket(s3: Any, names: Names, kms_key: str | None) -> None:
    """Creates the bucket of artifacts if it is missing, and sets its settings. It is safe to run it again.

    kms_key: the ARN of the key that encrypts new objects; None for S3's own keys, or for what is set already.
    Raises DeploymentError if the bucket belongs to another account, or to something else in this account.
    """
    bucket = names.artifacts_bucket
    if bucket_exists(s3, bucket, names.account):
        require_own_bucket(s3, names)
    else:
        location = {} if names.region == REGION_WITHOUT_LOCATION else {"LocationConstraint": names.region}
        configuration = {"CreateBucketConfiguration": location} if location else {}
        s3.create_bucket(Bucket=bucket, ObjectOwnership="BucketOwnerEnforced", **configuration)
    mark_bucket(s3, bucket, names.stack)
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    if kms_key:
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms_key}
        rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(tls_only(bucket, names.partition)))
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": lifecycle_rules()})


def require_own_bucket(s3: Any, names: Names) -> None:
    """Raises DeploymentError if nothing shows that the bucket is the deployment's, and if it is not empty either."""
    bucket = names.artifacts_bucket
    if not is_marked(names.stack, read_tags(s3, bucket)) and any(list_contents(s3, bucket)):
        raise DeploymentError(
            f"bucket {bucket} has the name of the deployment's own, but not its tag {OWNER_TAG}={names.stack}: choose "
            "another name with --stack NAME, or set the tag if the bucket may be changed and deleted"
        )


def tls_only(bucket: str, partition: str) -> dict[str, Any]:
    """The bucket's policy: requests without TLS are denied."""
    arn = f"arn:{partition}:s3:::{bucket}"
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def lifecycle_rules() -> list[dict[str, Any]]:
    """The bucket's rules. No current object expires: SageMaker reads the model whenever it starts a container."""
    everything = {"Filter": {"Prefix": ""}, "Status": "Enabled"}
    return [
        {"ID": "delete-old-versions", **everything, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
        {"ID": "abort-unfinished-uploads", **everything, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
    ]


def models_uri(names: Names) -> str:
    """Where models are stored, as s3://BUCKET/PREFIX."""
    return f"s3://{names.artifacts_bucket}/{MODELS}"


def upload_model(s3: Any, archive: Path, bucket: str, key: str, on_sent: Any) -> None:
    """Uploads a model's archive. on_sent: is called with the number of bytes that were sent since the last call."""
    s3.upload_file(str(archive), bucket, key, Callback=on_sent)

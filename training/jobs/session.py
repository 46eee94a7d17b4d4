"""The boto3 session of the commands."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import boto3


def make_session(region: str | None) -> "boto3.Session":
    """Returns a session of boto3. Raises ValueError if neither the option nor the environment names a region."""
    import boto3

    session = boto3.Session(region_name=region)
    if not session.region_name:
        raise ValueError("no AWS region is set: give --region, set AWS_REGION, or run `aws configure`")
    return session

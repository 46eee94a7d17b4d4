"""The boto3 session of the commands."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import boto3


def make_session(region: str | None, default: str | None = None) -> "boto3.Session":
    """Returns a session of boto3.

    region: of the option --region. Without it, the region is the one of the environment or of the profile.
    default: is used if those name none.
    Raises ValueError if there is no region.
    """
    import boto3

    if boto3.DEFAULT_SESSION is None:
        boto3.setup_default_session()
    session = boto3.Session(region_name=region) if region else boto3.DEFAULT_SESSION
    if default and not session.region_name:
        session = boto3.Session(region_name=default)
    if not session.region_name:
        raise ValueError("no AWS region is set: give --region, set AWS_REGION, or run `aws configure`")
    return session

"""The names of everything that a deployment makes. They come from the name of the application's stack."""

import re
from dataclasses import dataclass

from deployment.errors import DeploymentError

# The stack's name begins the names of buckets, so it is stricter than CloudFormation's own rule.
STACK_NAME = re.compile(r"[a-z](-?[a-z0-9])*")
# Amazon S3 User Guide, "General purpose buckets naming rules".
MAX_BUCKET_NAME = 63


@dataclass(frozen=True)
class Names:
    """What a deployment is called in an account and a region.

    stack: the application's stack, from template.yaml.
    account: the account's ID, 12 digits.
    region: such as eu-central-1.
    partition: aws, aws-cn or aws-us-gov.
    """

    stack: str
    account: str
    region: str
    partition: str = "aws"

    def __post_init__(self) -> None:
        """Raises DeploymentError if buckets can't be named after the stack."""
        longest = len(self.artifacts_bucket) - MAX_BUCKET_NAME
        if not STACK_NAME.fullmatch(self.stack):
            raise DeploymentError(
                f"the stack can't be called {self.stack!r}: use lower-case letters, digits and single hyphens, and "
                "begin with a letter, because buckets are named after it"
            )
        if longest > 0:
            raise DeploymentError(
                f"the stack's name {self.stack} is too long by {longest} characters, because buckets are named after it"
            )

    @property
    def model_stack(self) -> str:
        """The stack of the endpoint, from hosting.yaml."""
        return f"{self.stack}-model"

    @property
    def endpoint(self) -> str:
        return f"{self.stack}-faces"

    @property
    def bucket(self) -> str:
        """The bucket that the application's stack creates for images and documents, as template.yaml names it."""
        return f"{self.stack}-{self.account}-{self.region}"

    @property
    def artifacts_bucket(self) -> str:
        """The bucket of models and of the functions' packages."""
        return f"{self.stack}-artifacts-{self.account}-{self.region}"

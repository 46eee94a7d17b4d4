"""The error of this package."""


class DeploymentError(ValueError):
    """Something can't be deployed or removed. The message says what is wrong, with what, and the way out."""

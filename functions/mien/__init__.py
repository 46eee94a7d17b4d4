"""Mien classifies facial expressions: the package that the Lambda functions run."""

__version__ = "0.2.0"

"""Mien's Lambda functions: images in a bucket or in an HTTP request → result documents."""

__version__ = "0.2.0"

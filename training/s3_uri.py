"""Addresses of folders and objects in S3: s3://BUCKET/PREFIX."""

from urllib.parse import urlsplit


def parse_s3_uri(uri: str) -> tuple[str, str]:
    """Splits s3://BUCKET/PREFIX into bucket and prefix.

    The prefix ends with a slash, or is empty: `parse_s3_uri("s3://faces/fer2013")` is `("faces", "fer2013/")`.
    Raises ValueError if the text is not an S3 URI.
    """
    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError(f"{uri!r} is not an S3 URI: write it as s3://BUCKET/PREFIX")
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""

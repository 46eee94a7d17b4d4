"""Checks the signatures of requests to S3, written from AWS's description and without botocore.

Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
"""

import hashlib
import hmac
import re

from tests.support.proxy import Exchange

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>(?P<day>\d{8})/(?P<region>[^/]+)/s3/aws4_request), "
    r"SignedHeaders=(?P<signed>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def is_signed(exchange: Exchange, secret: str) -> bool:
    """Whether the signature is right for the request as it arrived, and covers all that S3 asks for."""
    found = AUTHORIZATION.fullmatch(exchange.headers["Authorization"])
    assert found, "the request has another kind of signature"
    names = found["signed"].split(";")
    needed = {name.lower() for name in exchange.headers if name.lower().startswith("x-amz-")} | {"host"}
    digest = hashlib.sha256(exchange.body).hexdigest()
    if not needed <= set(names) or exchange.headers["x-amz-content-sha256"] != digest:
        return False
    headers = [f"{name}:{' '.join(exchange.headers[name].split())}" for name in names]
    path, _, query = exchange.path.partition("?")
    canonical = "\n".join([exchange.method, path, query, *headers, "", found["signed"], digest])
    time = exchange.headers["x-amz-date"]
    text = "\n".join(["AWS4-HMAC-SHA256", time, found["scope"], hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in (found["day"], found["region"], "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), found["signature"])

"""The page at the API's root: a few files, handed out to whoever asks. Whatever else a person may do there asks the API
for it, with the key.

A function of its own, because it is the one that answers without a key: it may do nothing but write its log.
"""

import base64
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "static"
INDEX = "index.html"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


@dataclass(frozen=True)
class File:
    """etag: of these very bytes."""

    kind: str
    text: str
    etag: str


def files(folder: Path = FOLDER) -> dict[str, File]:
    found = {}
    for path in folder.iterdir():
        if path.suffix in KINDS:
            text = path.read_text(encoding="utf-8")
            digest = hashlib.sha256(text.encode()).hexdigest()
            found[path.name] = File(KINDS[path.suffix], text, f'"{digest[:32]}"')
    return found


def policy(index: str, bucket_origin: str) -> str:
    """What the page may do: run its own scripts, ask its own origin, and send images to the bucket and show them.

    Scripts that stand in the page itself are named by their digest.
    Source: W3C, "Content Security Policy Level 3".
    """
    inline = re.findall(r"<script>(.*?)</script>", index, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    allowed = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *(f"'sha256-{digest}'" for digest in digests)],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:", bucket_origin],
        "connect-src": ["'self'", bucket_origin],
        "media-src": ["'self'", "blob:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(" ".join([name, *sources]) for name, sources in allowed.items())


FILES = files()
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": policy(FILES[INDEX].text, os.environ["BUCKET_ORIGIN"]),
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    # Kept, but asked for before it is shown: a new deployment is seen at once, and nothing is sent twice.
    "Cache-Control": "no-cache",
}


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """The root, and /page/{file}: API Gateway hands nothing else over."""
    name = (event.get("pathParameters") or {}).get("file", INDEX)
    file = FILES.get(name)
    if file is None:
        return answer(404, "text/plain; charset=utf-8", "There is nothing at this path.\n")
    if file.etag in header(event.get("headers") or {}, "if-none-match"):
        return answer(304, file.kind, "", {"ETag": file.etag})
    return answer(200, file.kind, file.text, {"ETag": file.etag})


def header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def answer(status: int, kind: str, body: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": kind, **HEADERS, **(headers or {})}, "body": body}

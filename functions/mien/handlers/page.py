"""The page at the API's root: a few files, handed out to whoever asks. Whatever else a person may do there asks the API
for it, with the key.

A function of its own, because it is the one that answers without a key: it may do nothing but write its log.
"""

import base64
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "static"
INDEX = "index.html"
# Where the page looks for its files. A browser gets them from page/<version>/, where they find one another.
FILES_IN = "page/"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


@dataclass(frozen=True)
class File:
    kind: str
    text: str


def files(folder: Path = FOLDER) -> dict[str, File]:
    paths = sorted(path for path in folder.iterdir() if path.suffix in KINDS)
    return {path.name: File(KINDS[path.suffix], path.read_text(encoding="utf-8")) for path in paths}


def digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


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
VERSION = digest(file.text for file in FILES.values())
# The version in their address is of all files together: one that changes brings the others along.
PAGE = re.sub(rf'(src|href)="{FILES_IN}', rf'\1="{FILES_IN}{VERSION}/', FILES[INDEX].text)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": policy(FILES[INDEX].text, os.environ["BUCKET_ORIGIN"]),
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
}
# Asked for each time, so that a new deployment is seen at once; and whatever has the present version in its address is
# never asked for again, because another version has another one.
NEVER_OLD, NEVER_NEW = {"Cache-Control": "no-cache"}, {"Cache-Control": "public, max-age=31536000, immutable"}


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """The root, and /page/{version}/{file}: API Gateway hands nothing else over."""
    asked = event.get("pathParameters") or {}
    if not asked:
        return answer(200, FILES[INDEX].kind, PAGE, NEVER_OLD)
    file = FILES.get(asked["file"])
    if file is None:
        return answer(404, "text/plain; charset=utf-8", "There is nothing at this path.\n", NEVER_OLD)
    # A page that was opened before a deployment gets what there is.
    return answer(200, file.kind, file.text, NEVER_NEW if asked["version"] == VERSION else NEVER_OLD)


def answer(status: int, kind: str, body: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": kind, **HEADERS, **headers}, "body": body}

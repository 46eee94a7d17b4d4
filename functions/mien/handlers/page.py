"""The function of the page at the API's root. It serves the page to every client, without an API key.

The page's sources are many small files. They are served as three: index.html, one script and one style sheet.

The page itself calls the API with the key. This function needs no key, so it is separate: its role may only write logs.
"""

import base64
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien.logic.bundles import combine_scripts, combine_styles

FOLDER = Path(__file__).parent.parent / "static"
INDEX = "index.html"
SCRIPT = "app.js"
STYLES = "app.css"
# index.html names its files like this. Browsers load them from page/<version>/.
FILES_IN = "page/"
# The lines of index.html that name its style sheets, in the order of their rules, and its scripts except the first one.
STYLE_LINE = re.compile(rf'<link rel="stylesheet" href="{FILES_IN}([^"]+)">\n')
PRELOAD_LINE = re.compile(rf'<link rel="modulepreload" href="{FILES_IN}[^"]+">\n')
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


@dataclass(frozen=True)
class File:
    content_type: str
    text: str


def read_files(folder: Path = FOLDER) -> dict[str, File]:
    """Returns the page's files by their paths within the folder, such as `faces/faces.css`."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in CONTENT_TYPES)
    return {
        path.relative_to(folder).as_posix(): File(CONTENT_TYPES[path.suffix], path.read_text(encoding="utf-8"))
        for path in paths
    }


def combine_files(sources: Mapping[str, File]) -> dict[str, File]:
    """Returns the files that browsers load, by their paths. Raises ValueError if the sources can't be combined.

    sources: as read_files returns them.
    """
    texts = {path: source.text for path, source in sources.items()}
    index = texts[INDEX]
    first, *others = STYLE_LINE.finditer(index)
    styles = combine_styles(texts, [found[1] for found in (first, *others)])
    index = index.replace(first[0], first[0].replace(first[1], STYLES))
    for found in others:
        index = index.replace(found[0], "")
    return {
        INDEX: File(CONTENT_TYPES[".html"], PRELOAD_LINE.sub("", index)),
        SCRIPT: File(CONTENT_TYPES[".js"], combine_scripts(texts, SCRIPT)),
        STYLES: File(CONTENT_TYPES[".css"], styles),
    }


def digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def content_security_policy(index: str, bucket_origin: str) -> str:
    """Returns the header that limits what the page may do.

    It may run its own scripts, call its own origin, send images to the bucket and show images from there. Scripts
    inside the page are listed by their digest.
    Source: W3C, "Content Security Policy Level 3".

    index: the text of index.html.
    bucket_origin: the origin of the bucket's URLs, such as `https://bucket.s3.eu-central-1.amazonaws.com`.
    """
    inline_scripts = re.findall(r"<script>(.*?)</script>", index, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline_scripts]
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


SOURCES = read_files()
FILES = combine_files(SOURCES)
# The version covers all files: if one file changes, browsers load all of them again.
VERSION = digest(file.text for file in FILES.values())
PAGE = re.sub(rf'(src|href)="{FILES_IN}', rf'\1="{FILES_IN}{VERSION}/', FILES[INDEX].text)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": content_security_policy(FILES[INDEX].text, os.environ["BUCKET_ORIGIN"]),
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
}
# Browsers ask for the page at every visit, so a new deployment is visible at once. Files with the current version in
# their URL never change, so browsers never ask for them again.
REVALIDATE = {"Cache-Control": "no-cache"}
KEEP_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Serves the root, and /page/{version}/{file+}. API Gateway passes on no other path."""
    parameters = event.get("pathParameters") or {}
    if not parameters:
        return respond(200, FILES[INDEX].content_type, PAGE, REVALIDATE)
    file = FILES.get(parameters["file"])
    if file is None:
        return respond(404, "text/plain; charset=utf-8", "There is nothing at this path.\n", REVALIDATE)
    # A page that was loaded before a deployment asks for the old version. It gets the current files.
    is_current = parameters["version"] == VERSION
    return respond(200, file.content_type, file.text, KEEP_FOREVER if is_current else REVALIDATE)


def respond(status: int, content_type: str, body: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": content_type, **HEADERS, **headers}, "body": body}

"""GET, PUT and DELETE /reviews in the browser's memory, so that a test can also let them fail."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from playwright.sync_api import Page, Route

REVIEWS = re.compile(r"_user_request_/reviews\b")
Review = dict[str, Any]


@dataclass
class FakeReviews:
    """stored: reviews by the image's name, the face's number and the reviewer.

    etags: of the images, by name.
    is_down: whether requests fail.
    """

    etags: dict[str, str]
    stored: dict[tuple[str, int, str], Review] = field(default_factory=dict)
    is_down: bool = False
    page_size: int = 2
    requests: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        page.route(REVIEWS, self.answer)

    def add(self, name: str, etag: str | None = None, **review: Any) -> None:
        image = {"key": f"inbox/{name}", "version_id": None, "etag": etag or self.etags[name]}
        self.stored[name, review["face"], review["reviewer"]] = {"schema": 1, "image": image, **review}

    def answer(self, route: Route) -> None:
        request = route.request
        url = urlsplit(request.url)
        name = unquote(url.path.partition("/reviews")[2].lstrip("/"))
        query = {key: values[0] for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        self.requests.append(request.method)
        if self.is_down:
            route.abort() if request.method == "GET" else route.fulfill(
                status=500, json={"status": 500, "reason": "internal", "detail": "The bucket does not answer."}
            )
        elif request.method == "PUT":
            body: Review = request.post_data_json or {}
            self.add(name, **body)
            route.fulfill(json=self.stored[name, body["face"], body["reviewer"]])
        elif request.method == "DELETE":
            self.stored.pop((name, int(query["face"]), query["reviewer"]), None)
            route.fulfill(status=204)
        else:
            self.list(route, query["prefix"], int(query["after"] or 0))

    def list(self, route: Route, prefix: str, start: int) -> None:
        found = [review for (name, _, _), review in sorted(self.stored.items()) if name.startswith(prefix)]
        end = start + self.page_size
        route.fulfill(json={"reviews": found[start:end], **({"next": str(end)} if end < len(found) else {})})

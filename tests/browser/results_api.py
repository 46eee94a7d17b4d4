"""A fake in the place of the API's lists: any number of documents, one page at a time."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from playwright.sync_api import Page, Route

from .photos import Photo

Document = dict[str, Any]
PAGE = 100
WRITTEN = "2026-01-01T10:00:00Z"


def document_of(photo: Photo, name: str, written: str = WRITTEN) -> Document:
    """A stored document as the API lists it. Its image cannot be fetched."""
    document = photo.document()
    image = {"bucket": "b", "key": f"inbox/{name}", "version_id": None, "etag": name, "sequencer": "1"}
    return {**document, "written": written, "image": {**image, **document["image"]}}


def rejection(name: str) -> Document:
    image = {"bucket": "b", "key": f"inbox/{name}", "version_id": None, "etag": name, "sequencer": "1"}
    detail = "The file is not an image."
    status = {"schema": 2, "status": "rejected", "reason": "not_an_image", "detail": detail}
    return {**status, "written": WRITTEN, "image": image}


class ResultsApi:
    """Answers GET /results, GET /results/{name} and GET /folders.

    documents, rejected: what is listed.
    folders: what GET /folders answers.
    requests: the query of each request for documents.
    is_held: whether a request for documents gets no answer until `release`.
    """

    def __init__(self, page: Page) -> None:
        self.documents: list[Document] = []
        self.rejected: list[Document] = []
        self.folders: list[Document] = []
        self.requests: list[dict[str, str]] = []
        self.is_held: Callable[[dict[str, str]], bool] = lambda query: False
        self.held: list[Route] = []
        page.route(re.compile(r"_user_request_/results\?"), self.list_documents)
        page.route(re.compile(r"_user_request_/results/"), self.one_document)
        page.route(re.compile(r"_user_request_/folders\?"), lambda route: route.fulfill(json={"folders": self.folders}))

    def list_documents(self, route: Route) -> None:
        query = query_of(route)
        self.requests.append(query)
        if self.is_held(query):
            self.held.append(route)
        else:
            self.answer(route)

    def one_document(self, route: Route) -> None:
        name = unquote(route.request.url.partition("/results/")[2])
        found = [one for one in (*self.documents, *self.rejected) if one["image"]["key"] == f"inbox/{name}"]
        if found:
            route.fulfill(json=found[0])
        else:
            route.fulfill(status=404, json={"status": 404, "detail": "The image has no result yet."})

    def answer(self, route: Route) -> None:
        query = query_of(route)
        all_documents = self.rejected if query.get("status") == "rejected" else self.documents
        found = [one for one in all_documents if one["image"]["key"].startswith("inbox/" + query.get("prefix", ""))]
        found = [one for one in found if one["written"] >= query.get("since", "")]
        start = int(query.get("after") or 0)
        more = {"next": str(start + PAGE)} if start + PAGE < len(found) else {}
        route.fulfill(json={"results": found[start : start + PAGE], **more})

    def release(self) -> None:
        """Answers what was kept back, and keeps nothing back any more."""
        self.is_held = lambda query: False
        for route in self.held:
            self.answer(route)
        self.held.clear()


def query_of(route: Route) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}

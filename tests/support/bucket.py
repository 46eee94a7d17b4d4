"""The application's bucket, as a user of it sees it."""

import json
import time
from dataclasses import dataclass
from typing import Any

from local.cloud import Cloud

Document = dict[str, Any]


@dataclass(frozen=True)
class Bucket:
    """The inbox, and the result documents of its images.

    s3: boto3's client.
    inbox, results, rejected, reviews: prefixes, each with a slash at its end.
    """

    s3: Any
    name: str
    inbox: str
    results: str
    rejected: str
    reviews: str

    @staticmethod
    def in_cloud(cloud: Cloud, **client_options: Any) -> "Bucket":
        """The bucket of the application that is deployed in the embedded cloud."""
        prefixes = (cloud.prefix(output) for output in ("Inbox", "Results", "Rejected", "Reviews"))
        return Bucket(cloud.client("s3", **client_options), cloud.outputs["BucketName"], *prefixes)

    def upload(self, name: str, data: bytes) -> dict[str, Any]:
        """Stores an image in the inbox. Returns S3's answer, which has ETag and VersionId."""
        stored: dict[str, Any] = self.s3.put_object(Bucket=self.name, Key=self.inbox + name, Body=data)
        return stored

    def classify(self, name: str, data: bytes) -> Document:
        """Stores an image and waits for its document."""
        return self.await_document(name, self.upload(name, data)["VersionId"])

    def upload_without_event(self, name: str, data: bytes) -> None:
        """Stores an image and deletes the document that its own notification led to.

        The events that a test sends afterwards are then the only ones that name the image.
        """
        stored = self.upload(name, data)
        self.await_document(name, stored["VersionId"])
        for folder in (self.results, self.rejected):
            self.s3.delete_object(Bucket=self.name, Key=f"{folder}{name}.json")

    def keys(self, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [stored["Key"] for page in pages for stored in page.get("Contents", [])]

    def documents(self, name: str) -> list[Document]:
        """The documents of one image: none yet, or one. The copy of a rejection counts only if it differs from it."""
        places = [self.read(f"{folder}{name}.json") for folder in (self.results, self.rejected)]
        found = [document for document in places if document is not None]
        return found[:1] if len(found) == 2 and found[0] == found[1] else found

    def read(self, key: str) -> Document | None:
        try:
            content = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None
        document: Document = json.loads(content)
        return document

    def results_in(self, folder: str) -> dict[str, Document]:
        """The results of a folder of the inbox, by the images' names below the inbox."""
        found = {}
        for key in self.keys(self.results + folder):
            document = json.loads(self.s3.get_object(Bucket=self.name, Key=key)["Body"].read())
            found[document["image"]["key"].removeprefix(self.inbox)] = document
        return found

    def await_document(self, name: str, version_id: str | None = None, seconds: float = 60) -> Document:
        """Waits for an image's document and, if it is a rejection, for its copy.

        version_id: wait for the document of this version. The same file has the same ETag each time, so an ETag would
            also fit the document of an earlier upload, which is about to be replaced.
        Raises AssertionError after so many seconds.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for document in self.documents(name):
                copy = document if document["status"] != "rejected" else self.read(f"{self.rejected}{name}.json")
                if version_id in (None, document["image"]["version_id"]) and copy == document:
                    return document
            time.sleep(0.1)
        raise AssertionError(f"no document for {name} after {seconds} s, but {self.documents(name)}")

"""What must be true after a run. The documents are compared with the uploads that S3 lists, not with any log."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from local.demo import list_keys
from mien.logic.results import MAX_KEY_BYTES, document_key, is_newer, serialize

Bucket = Any


@dataclass(frozen=True)
class Version:
    """The newest version of a key.

    content: the name of the uploaded content; None if the key is deleted.
    """

    key: str
    version_id: str
    etag: str
    content: str | None


@dataclass
class Findings:
    """What is wrong after a run, mostly keys.

    images: keys that were uploaded; versions: uploads.
    lost: images without a document. wrong: images whose document has other bytes than expected, and deleted images that
        have one.
    doubled: images with a result and the copy of a rejection, or with a rejection and no copy of it.
    older: documents that an older upload has replaced.
    changed: objects of lines that were written more than once.
    repeated: lines that another object has, too. They change nothing.
    dead: the number of images whose message is in the dead-letter queue, as the trial expects.
    strays: sentences about documents and dead letters that must not exist.
    """

    images: int = 0
    versions: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    repeated: int = 0
    dead: int = 0
    strays: list[str] = field(default_factory=list)

    def clean(self) -> bool:
        return not (self.lost or self.wrong or self.doubled or self.older or self.changed or self.strays)


def uploaded(s3: Any, bucket: str, prefix: str, contents: Mapping[str, str]) -> tuple[dict[str, Version], int]:
    """The newest version of each key below a prefix, as S3 lists them, and the number of all versions.

    contents: names of the uploaded contents, by ETag.
    """
    newest: dict[str, Version] = {}
    count = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for version in page.get("Versions", []):
            count += 1
            if version["IsLatest"]:
                etag = version["ETag"].strip('"')
                newest[version["Key"]] = Version(version["Key"], version["VersionId"], etag, contents[etag])
        for marker in page.get("DeleteMarkers", []):
            if marker["IsLatest"]:
                newest[marker["Key"]] = Version(marker["Key"], marker["VersionId"], "", None)
    return newest, count


def expected(reference: dict[str, Any], version: Version, found: dict[str, Any]) -> bytes:
    """The bytes that a version's document must have: the document of the undisturbed run, with this version's data."""
    image = {**reference["image"], "key": version.key, "version_id": version.version_id, "etag": version.etag}
    # S3 does not list sequencers. The version's ID shows that the document is about this version.
    image["sequencer"] = found["image"]["sequencer"]
    return serialize({**reference, "image": image})


def documents(s3: Any, bucket: str, prefix: str) -> Iterator[tuple[str, bytes]]:
    for key in list_keys(s3, bucket, prefix):
        yield key, s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def judged(
    s3: Any,
    bucket: str,
    prefixes: tuple[str, str, str],
    run: str,
    contents: Mapping[str, str],
    references: Mapping[str, dict[str, Any]],
    dead: Mapping[str, str],
    may_die: Callable[[str, str], bool],
) -> Findings:
    """Compares a run's uploads with its documents and its dead letters.

    prefixes: of the inbox, the results and the rejections.
    run: the run's prefix below each of them.
    dead: the reasons of the dead letters, by the image's key.
    may_die: whether an image's message may be a dead letter, by the image's key and the reason.
    """
    inbox, results, rejected = prefixes
    newest, versions = uploaded(s3, bucket, inbox + run, contents)
    findings = Findings(len(newest), versions)
    found: dict[str, dict[str, bytes]] = {}
    for place in (results, rejected):
        for key, body in documents(s3, bucket, place + run):
            found.setdefault(key.removeprefix(place), {})[place] = body
    for key, version in newest.items():
        name = document_key(key, inbox, "")
        assert len(name.encode()) < MAX_KEY_BYTES
        written = found.pop(name, {})
        if version.content is None:
            findings.wrong += [key] * bool(written)
        elif results not in written:
            if key in dead and may_die(key, dead[key]):
                findings.dead += 1
            else:
                findings.lost.append(key)
        else:
            body, reference = written[results], references[version.content]
            if body != expected(reference, version, json.loads(body)):
                findings.wrong.append(key)
            elif written.get(rejected) != (body if reference["status"] == "rejected" else None):
                findings.doubled.append(key)
        if key in dead and not may_die(key, dead[key]):
            findings.strays.append(f"{key} is a dead letter: {dead[key]}")
    findings.strays += [f"a document without an image: {name}" for name in found]
    for place in (results, rejected):
        findings.older += replaced_by_older(s3, bucket, place + run)
    return findings


def replaced_by_older(s3: Any, bucket: str, prefix: str) -> list[str]:
    """Documents that were at any time replaced by the document of an older upload."""
    versions: dict[str, list[Any]] = {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for version in page.get("Versions", []):
            versions.setdefault(version["Key"], []).append(version)
    replaced = []
    for key, several in versions.items():
        if len(several) < 2:
            continue
        # S3 lists the newest first.
        sequencers = [
            s3.head_object(Bucket=bucket, Key=key, VersionId=one["VersionId"])["Metadata"]["sequencer"]
            for one in several
        ]
        if any(is_newer(older, later) for later, older in pairwise(sequencers)):
            replaced.append(key)
    return replaced

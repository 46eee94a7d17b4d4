"""What must be true after a run of an application that stores its results as JSON Lines."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from local import template
from local.demo import list_keys
from mien.logic.lines import DELETED
from mien.logic.results import is_newer

from .invariants import Findings, Version, documents, expected, uploaded


def lines_of(s3: Any, bucket: str, results: str, keys: str) -> list[bytes]:
    """The lines about images whose keys begin with `keys`, of all objects below the prefix of the results.

    Raises ValueError if a line is not a JSON document.
    """
    lines = [line for _, body in documents(s3, bucket, results) for line in body.splitlines(keepends=True)]
    return [line for line in lines if json.loads(line)["image"]["key"].startswith(keys)]


def newest_lines(lines: list[bytes]) -> dict[str, list[bytes]]:
    """The lines that count, by key: those with the largest sequencer. Several are the same line, or an error."""
    newest: dict[str, list[bytes]] = {}
    for line in sorted(set(lines)):
        image = json.loads(line)["image"]
        others = newest.get(image["key"], [])
        sequencer = json.loads(others[0])["image"]["sequencer"] if others else ""
        if not others or is_newer(image["sequencer"], sequencer):
            newest[image["key"]] = [line]
        elif not is_newer(sequencer, image["sequencer"]):
            others.append(line)
    return newest


def judged_lines(
    s3: Any,
    bucket: str,
    prefixes: tuple[str, str, str],
    run: str,
    contents: Mapping[str, str],
    references: Mapping[str, dict[str, Any]],
    dead: Mapping[str, str],
    may_die: Callable[[str, str], bool],
) -> Findings:
    """Compares a run's uploads with its lines and its dead letters. Parameters: as of `judged`."""
    inbox, results, rejected = prefixes
    images, versions = uploaded(s3, bucket, inbox + run, contents)
    findings = Findings(len(images), versions)
    lines = lines_of(s3, bucket, results, inbox + run)
    findings.repeated = len(lines) - len(set(lines))
    newest = newest_lines(lines)
    for key, version in images.items():
        found = newest.pop(key, [])
        if not found and version.content is not None:
            if key in dead and may_die(key, dead[key]):
                findings.dead += 1
            else:
                findings.lost.append(key)
        elif not all(is_right(line, version, references) for line in found):
            findings.wrong.append(key)
        if key in dead and not may_die(key, dead[key]):
            findings.strays.append(f"{key} is a dead letter: {dead[key]}")
    findings.strays += [f"a line without an image: {key}" for key in newest]
    findings.changed += changed_objects(s3, bucket, results)
    for place in (rejected, template.default_parameters()["ReviewsPrefix"]):
        findings.strays += [f"an object beside the lines: {key}" for key in list_keys(s3, bucket, place)]
    return findings


def is_right(line: bytes, version: Version, references: Mapping[str, dict[str, Any]]) -> bool:
    """Whether a line says what the newest version of its key is."""
    found = json.loads(line)
    if version.content is None:
        return bool(found["status"] == DELETED)
    return found["status"] != DELETED and line == expected(references[version.content], version, found)


def changed_objects(s3: Any, bucket: str, prefix: str) -> list[str]:
    """Objects below a prefix that have several versions, or a delete marker."""
    seen: set[str] = set()
    changed = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        changed += [marker["Key"] for marker in page.get("DeleteMarkers", [])]
        for version in page.get("Versions", []):
            if version["Key"] in seen:
                changed.append(version["Key"])
            seen.add(version["Key"])
    return changed

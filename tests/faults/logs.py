"""What the functions have logged, and whether it tells what must stay secret."""

import base64

from .application import Application


def log_lines(deployed: Application, since: float) -> list[str]:
    """The lines that all functions have logged since a moment, in seconds since 1970."""
    logs = deployed.cloud.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    pages = logs.get_paginator("filter_log_events")
    return [
        event["message"]
        for group in groups
        for page in pages.paginate(logGroupName=group, startTime=int(since * 1000))
        for event in page["events"]
    ]


def leaks(deployed: Application, lines: list[str]) -> list[str]:
    """The lines that contain a part of an object key, of a message or of an image."""
    secrets = ["inbox/", ".png", "deadly", "stranger"]
    secrets += [base64.b64encode(data[:30]).decode() for data in deployed.contents.values() if data]
    secrets += [repr(data[:12])[2:-1] for data in deployed.contents.values() if data]
    return [line for line in lines if any(secret in line for secret in secrets)]

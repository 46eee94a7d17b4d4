"""Commands to try with a running application, as `make up` and `make deploy` print them."""

import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

SAMPLES = Path(__file__).parent / "samples"
FACE = SAMPLES / "faces" / "happy" / "1.png"
# Where the printed commands copy lines to, relative to the working directory.
LINES_FOLDER = "build/lines"
# One row for each image that is not deleted, from its newest line. Sequencers are compared as text.
NEWEST_LINES = (
    "group_by(.image.key)[] | max_by(.image.sequencer | ascii_upcase) | "
    'select(.status != "deleted") | [.image.key, .status, .label]'
)


def page_address(url: str, key: str | None) -> str | None:
    """The address of the page with the API key in it; None if the API has no key, and so no page.

    url: the API's, without a slash at the end. The part behind # stays in the browser.
    """
    return f"{url}/#key={key}" if key else None


def inbox_commands(outputs: Mapping[str, str]) -> list[str]:
    """Commands of the AWS CLI that classify through the inbox. outputs: of the application's stack."""
    face, samples = (shlex.quote(relative_path(path)) for path in (FACE, SAMPLES))
    inbox, results, rejected = (outputs[name] for name in ("Inbox", "Results", "Rejected"))
    if outputs["ResultFormat"] == "lines":
        return [
            f"aws s3 cp {face} {inbox}",
            f"aws s3 cp --recursive {samples} {inbox}",
            f"aws s3 cp README.md {inbox}",
            f"aws s3 sync --delete {results} {LINES_FOLDER}",
            f"find {LINES_FOLDER} -name '*.jsonl' -exec cat {{}} + | jq -cs {shlex.quote(NEWEST_LINES)}",
        ]
    return [
        f"aws s3 cp {face} {inbox}",
        f"aws s3 ls --recursive {results}",
        f"aws s3 cp {results}{FACE.name}.json -",
        f"aws s3 cp --recursive {samples} {inbox}",
        f"aws s3 cp README.md {inbox}",
        f"aws s3 cp {rejected}README.md.json -",
    ]


def api_commands(url: str, key: str) -> list[str]:
    """Commands of curl that classify one image each. url: the API's, without a slash at the end."""
    face = shlex.quote(relative_path(FACE))
    header = f"-H 'x-api-key: {key}'"
    return [
        f"curl {header} -H 'Content-Type: image/png' --data-binary @{face} {url}/classify",
        f"base64 {face} | curl {header} -H 'Accept: text/plain' --data-binary @- {url}/classify",
    ]


def export_command(url: str, key: str, bucket: str) -> str:
    """The command that sets the variables of the documentation's examples."""
    return f"export API={url} KEY={key} BUCKET={bucket}"


def indented(commands: Iterable[str]) -> str:
    """The commands, each on a line of its own."""
    return "\n".join(f"  {command}" for command in commands)


def relative_path(path: Path) -> str:
    """The path relative to the working directory if it is in it, otherwise unchanged."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)

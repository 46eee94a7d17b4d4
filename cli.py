"""Shared by the command lines: `python -m deployment`, `local`, `operate` and `training`."""

import json
import os
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from mien import __version__


def print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"mien {__version__}")
        raise typer.Exit()


# Add it to a typer.Typer() in its callback: `@app.callback() def options(version: VersionOption = False) -> None: ...`
VersionOption = Annotated[
    bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
]


def printable(text: str, kept: str = "") -> str:
    """Returns the text with an escape, such as `\\x1b`, in place of each character that a terminal would not just show.

    Names and bodies can come from strangers. Control characters could rewrite what the terminal shows, and characters
    that change the direction of writing could disguise a name.

    kept: characters that stay as they are.
    """
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text)


def literal(text: str, style: str = "") -> Text:
    """Returns a text that rich prints as it is: without markup, emoji codes and control characters."""
    return Text(printable(text), style=style)


def printable_json(text: str) -> str:
    """Returns JSON text with JSON's own escapes in place of the characters that `printable` escapes. Lines are kept."""
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


NO_REGION = "no AWS region is set: set AWS_REGION, or run `aws configure`"
# What the user can do about an error of botocore, by the name of its class. The names are compared, because importing
# botocore takes half a second and most commands do not need it.
ADVICE = {
    "NoCredentialsError": "run `aws configure`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "PartialCredentialsError": "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure`",
    "ProfileNotFound": "`aws configure list-profiles` lists them, and AWS_PROFILE selects one",
    "SSOTokenLoadError": "run `aws sso login`",
    "TokenRetrievalError": "run `aws sso login`",
    "UnauthorizedSSOTokenError": "run `aws sso login`",
    "CredentialRetrievalError": "run `aws configure`, or set AWS_PROFILE",
    "EndpointConnectionError": "check the network, and the name of the region",
    "ConnectTimeoutError": "check the network",
    "ProxyConnectionError": "check HTTPS_PROXY",
    "SSLError": "check the network; AWS_CA_BUNDLE names the certificates that are trusted",
}
# Codes with which AWS's services refuse credentials.
REFUSED_CREDENTIALS = {
    *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidAccessKeyId", "InvalidClientTokenId"),
    *("InvalidSignatureException", "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure"),
}


def follow_aws_region() -> None:
    """Makes boto3 use AWS_REGION, as AWS's other tools do. boto3 itself reads AWS_DEFAULT_REGION only."""
    if region := os.environ.get("AWS_REGION"):
        os.environ["AWS_DEFAULT_REGION"] = region


def explain_aws_error(error: Exception) -> str:
    """Returns one sentence about an error of boto3 or botocore, with what the user can do about it."""
    name = type(error).__name__
    if name == "NoRegionError":
        return NO_REGION
    text = " ".join(str(error).split()).rstrip(".")
    if name == "NoCredentialsError":
        text = "no AWS credentials were found"
    response = getattr(error, "response", None)
    if isinstance(response, dict) and response.get("Error", {}).get("Code") in REFUSED_CREDENTIALS:
        return f"AWS refuses these credentials: {text}: sign in again, or check AWS_PROFILE and the access key"
    return f"{text}: {ADVICE[name]}" if name in ADVICE else text


def exit_with_error(error: Exception) -> NoReturn:
    """Prints an error that the user can act on as one red text on stderr, without a traceback. Exits with status 1."""
    # Messages hold paths, keys and AWS's own words: `[...]` in them is not markup, and lines are not wrapped.
    Console(stderr=True).print(Text(printable(str(error), kept="\n"), style="red"), soft_wrap=True)
    raise SystemExit(1) from None

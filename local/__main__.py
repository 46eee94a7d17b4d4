"""The whole application on this machine: no AWS account, no Docker. AWS is emulated by MiniStack; the functions, the
template and the model are the real ones."""

import contextlib
import os
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from local import cloud, demo, sam
from local.cloud import CREDENTIALS, Cloud, CloudError
from local.demo import PATIENCE, SAMPLES
from local.template import BUILD

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
console = Console()

Images = Annotated[Path, typer.Argument(help="A folder of images. One with a folder a class also gives an accuracy.")]
Model = Annotated[
    Path, typer.Option(exists=True, help="A folder of model.onnx and model.json, or a training job's model.tar.gz.")
]


@app.command(name="demo")
def demo_(
    images: Images = SAMPLES,
    model: Model = cloud.MODEL,
    output: Annotated[Path, typer.Option(help="Where results.jsonl and results.csv are kept.")] = BUILD,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds without a new document, after which to give up.")
    ] = PATIENCE,
) -> None:
    """Start the cloud, classify a folder of images through its inbox, print the labels, and stop it again.

    Ends with status 1 if any image has neither a result nor a rejection.
    """
    if not images.is_dir():
        raise CloudError(f"{images} is no folder")
    if not demo.images_of(images):
        raise CloudError(f"there are no files in {images}")
    with contextlib.ExitStack() as stack:
        with console.status("starting the embedded cloud, and deploying template.yaml into it"):
            running = stack.enter_context(cloud.running(model=model))
        run = demo.run(running, images, console, patience)
    demo.report(run, console)
    lines, table = demo.save(run, output)
    console.print(f"results: {shown(lines)}, {shown(table)}", highlight=False)
    if run.missing:
        raise typer.Exit(1)


@app.command()
def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where all of the cloud's services answer.")] = 4566,
    model: Model = cloud.MODEL,
) -> None:
    """Start the cloud with the application in it, say how to use it, and keep it running until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt), cloud.running(port, model) as running:
        console.print(instructions(running), highlight=False, markup=False, soft_wrap=True)
        while True:
            time.sleep(3600)


@app.command(name="sam")
def sam_(
    images: Images = SAMPLES / "happy",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Where the cloud answers. By default a free port.")
    ] = None,
) -> None:
    """Build and deploy with the real SAM CLI into an embedded cloud, and classify a folder of images through it."""
    with contextlib.ExitStack() as stack:
        with console.status("sam build, and sam deploy into an embedded cloud"):
            running = stack.enter_context(sam.running(port))
        described = running.client("cloudformation").describe_stack_resources(StackName=cloud.STACK)["StackResources"]
        for resource in sorted(described, key=lambda resource: resource["ResourceType"]):
            console.print(f"{resource['ResourceType']:35} {resource['LogicalResourceId']}", highlight=False)
        run = demo.run(running, images, console, PATIENCE)
    demo.report(run, console)
    if run.missing:
        raise typer.Exit(1)


def instructions(running: Cloud) -> str:
    face = shown(SAMPLES / "happy" / "1.png")
    exports = " ".join(f"{name}={value}" for name, value in CREDENTIALS.items())
    inbox, results, rejected = (running.outputs[name] for name in ("Inbox", "Results", "Rejected"))
    key, url, api = running.api_key, running.classify_url, running.page_url.removesuffix("/")
    bucket = running.outputs["BucketName"]
    python = shlex.quote(shown(Path(sys.executable)))
    return f"""
Mien runs at {running.url}, in an embedded cloud (MiniStack). Ctrl-C ends it, and all that is in it.

The page, with the API's key in its address:

{running.page_url}#key={key}

With the AWS CLI, in another terminal:

  export AWS_ENDPOINT_URL={running.url} {exports}
  aws s3 cp {face} {inbox}
  aws s3 ls --recursive {results}
  aws s3 cp {results}1.png.json -
  aws s3 cp --recursive {shown(SAMPLES)} {inbox}
  aws s3 cp README.md {inbox}
  aws s3 cp {rejected}README.md.json -

One image, one answer:

  curl -H 'x-api-key: {key}' -H 'Content-Type: image/png' --data-binary @{face} {url}
  base64 {face} | curl -H 'x-api-key: {key}' -H 'Accept: text/plain' --data-binary @- {url}

For the README's examples:

  export API={api} KEY={key} BUCKET={bucket}

With Python alone:

  {python} -m local put {face} --port {running.url.rpartition(":")[2]}
  {python} -m local results --port {running.url.rpartition(":")[2]}
"""


@app.command()
def put(
    image: Annotated[Path, typer.Argument(exists=True, help="An image, or a folder of images.")],
    port: Annotated[int, typer.Option(help="The port of the running cloud.")] = 4566,
) -> None:
    """Drop images into the inbox of the cloud that `up` keeps running."""
    running = attached(port)
    s3, inbox = running.client("s3"), demo.prefix(running, "Inbox")
    files = [image] if image.is_file() else demo.images_of(image)
    for file in files:
        key = inbox + (file.name if image.is_file() else file.relative_to(image).as_posix())
        s3.upload_file(str(file), running.outputs["BucketName"], key)
        console.print(f"s3://{running.outputs['BucketName']}/{key}", markup=False, highlight=False)


@app.command()
def results(port: Annotated[int, typer.Option(help="The port of the running cloud.")] = 4566) -> None:
    """Print the result documents of the cloud that `up` keeps running, as JSON Lines."""
    running = attached(port)
    s3, bucket = running.client("s3"), running.outputs["BucketName"]
    for name in ("Results", "Rejected"):
        for key in demo.keys(s3, bucket, demo.prefix(running, name)):
            sys.stdout.write(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())


def attached(port: int) -> Cloud:
    url = f"http://127.0.0.1:{port}"
    try:
        cloud.wait_for(url, seconds=1)
    except CloudError:
        raise CloudError(f"nothing runs at {url}; start it with: make up PORT={port}") from None
    return cloud.attached(Cloud(url, None, {}))


def shown(path: Path) -> str:
    """A path as one would type it from here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def main() -> None:
    # A `kill` ends the cloud as Ctrl-C does: through the blocks that stop what they started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        app()
    except CloudError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()

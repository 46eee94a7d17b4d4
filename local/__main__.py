"""Run the whole application on this machine, in an embedded cloud: no AWS account and no Docker.

MiniStack emulates AWS. The functions, the template and the model are the ones that are deployed to AWS.

`demo` classifies a folder and stops. `up` keeps the application running, and `put` and `results` use it from another
terminal. `sam` does the same as `demo`, but with the SAM CLI.
"""

import contextlib
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError
from rich.console import Console

from cli import VersionOption, exit_with_error, literal, printable_json
from examples import FACE, api_commands, export_command, inbox_commands, indented, page_address, relative_path
from local import demo, report, sam
from local.cloud import STACK, Cloud, CloudError
from local.environment import isolate_process
from local.files import image_path, select_files
from local.paths import ALL_SAMPLES, BUILD, MODEL, SAMPLES
from local.processes import wait_until_healthy
from local.saved import save_results
from local.stack import connect_stack, start_application
from local.token_file import keep_token, read_token

# MiniStack's own default, and LocalStack's.
DEFAULT_PORT = 4566
# A closed terminal sends SIGHUP.
STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
# Added to a signal's number, this is what a shell reports for a process that the signal ended.
SIGNAL_STATUS = 128

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
console = Console()
errors = Console(stderr=True)

IMAGES_HELP = "Folder of images, or one image. If its subfolders are named after labels, the accuracy is printed too."
ModelOption = Annotated[
    str,
    typer.Option(
        help="A folder with model.json, a job below build/jobs, a model.tar.gz, a model file with model.json beside "
        "it, s3://BUCKET/KEY/model.tar.gz, or a SageMaker training job.",
        show_default="models",
    ),
]
RunningPortOption = Annotated[int, typer.Option(help="Port of the cloud that `up` keeps running.")]


@app.callback()
def options(version: VersionOption = False) -> None:
    """Options of `python -m local` itself, before the name of a command."""


@app.command(name="demo")
def run_demo(
    images: Annotated[
        Path, typer.Argument(parser=image_path, metavar="[IMAGES]", help=IMAGES_HELP, show_default="samples")
    ] = ALL_SAMPLES,
    model: ModelOption = str(MODEL),
    output: Annotated[
        Path, typer.Option(help="Folder to write results.jsonl and results.csv to.", show_default="build")
    ] = BUILD,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds without a new result before the demo gives up.")
    ] = demo.PATIENCE,
) -> None:
    """Classify a folder of images, print a label for each face, and stop.

    Starts the cloud, uploads the images to its inbox, waits for the results, and stops the cloud.

    The exit status is 1 if any image has neither a result nor a rejection, or was not uploaded.
    """
    # Before the cloud starts, because this can fail.
    select_files(images)
    with contextlib.ExitStack() as stack:
        with console.status("starting the embedded cloud, and deploying template.yaml into it"):
            cloud = stack.enter_context(start_application(model=model))
        classified = demo.classify_folder(cloud, images, console, patience)
    # The results are safe before anything is shown: they exist nowhere else once the cloud has stopped.
    jsonl, table = save_results(classified, output)
    report.print_report(classified, console)
    console.print(literal(f"results: {relative_path(jsonl)}, {relative_path(table)}"))
    if classified.missing or classified.skipped:
        raise typer.Exit(1)


@app.command()
def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of all services of the cloud.")] = DEFAULT_PORT,
    model: ModelOption = str(MODEL),
    result_format: Annotated[
        Literal["documents", "lines"],
        typer.Option(help="Store a document for each image, or JSON Lines, as the template's ResultFormat says."),
    ] = "documents",
) -> None:
    """Keep the application running until Ctrl-C.

    Starts the cloud with the application in it, and prints the page's address and commands to try.
    """
    application = start_application(port, model, ResultFormat=result_format)
    with contextlib.suppress(KeyboardInterrupt), application as cloud, keep_token(cloud):
        console.print(usage_examples(cloud), highlight=False, markup=False, soft_wrap=True)
        while True:
            time.sleep(1)
            cloud.require_running()


@app.command(name="sam")
def run_sam(
    images: Annotated[Path, typer.Argument(help=IMAGES_HELP, show_default="samples/faces/happy")] = SAMPLES / "happy",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of all services of the cloud; by default a free one.")
    ] = None,
) -> None:
    """Build and deploy with the real SAM CLI, then classify a folder.

    The SAM CLI deploys into an embedded cloud, which is stopped at the end.
    """
    with contextlib.ExitStack() as stack:
        with console.status("running sam build, then sam deploy into an embedded cloud"):
            cloud = stack.enter_context(sam.start_application(port))
        resources = cloud.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
        for resource in sorted(resources, key=lambda resource: resource["ResourceType"]):
            console.print(f"{resource['ResourceType']:35} {resource['LogicalResourceId']}", highlight=False)
        classified = demo.classify_folder(cloud, images, console, demo.PATIENCE)
    report.print_report(classified, console)
    if classified.missing:
        raise typer.Exit(1)


def usage_examples(cloud: Cloud) -> str:
    """What `up` prints: the page's address, and commands that work as they are printed."""
    exports = " ".join(f"{name}={value}" for name, value in cloud.credentials.items())
    key, url = cloud.api_key, cloud.page_url.removesuffix("/")
    python, face = shlex.quote(relative_path(Path(sys.executable))), relative_path(FACE)
    port = cloud.url.rpartition(":")[2]
    return f"""
Mien runs at {cloud.url}, in an embedded cloud (MiniStack). Ctrl-C stops it and deletes everything in it.

The page, with the API key in its address:

{page_address(url, key)}

With the AWS CLI, in another terminal:

{indented([f"export AWS_ENDPOINT_URL={cloud.url} {exports}", *inbox_commands(cloud.outputs)])}

One image in one request:

{indented(api_commands(url, key))}

Variables for the examples of the documentation:

{indented([export_command(url, key, cloud.bucket)])}

With Python only:

  {python} -m local put {face} --port {port}
  {python} -m local results --port {port}
"""


@app.command()
def put(
    image: Annotated[Path, typer.Argument(parser=image_path, metavar="IMAGE", help="An image, or a folder of images.")],
    port: RunningPortOption = DEFAULT_PORT,
) -> None:
    """Upload images to the inbox of the cloud that `up` keeps running.

    The exit status is 1 if a file was not uploaded.
    """
    selection = select_files(image)
    cloud = connect(port)
    s3, inbox = cloud.client("s3"), cloud.prefix("Inbox")
    for name, path in selection.files.items():
        key = inbox + name
        try:
            s3.upload_file(str(path), cloud.bucket, key)
        except (OSError, S3UploadFailedError, BotoCoreError) as error:
            selection.skip(path, str(error))
        else:
            console.print(literal(f"s3://{cloud.bucket}/{key}"), soft_wrap=True)
    for line in selection.skipped_lines():
        errors.print(literal(line, style="red"), soft_wrap=True)
    if selection.skipped:
        raise typer.Exit(1)


@app.command()
def results(port: RunningPortOption = DEFAULT_PORT) -> None:
    """Print the results in the cloud that `up` keeps running.

    Prints result and rejection documents as JSON Lines. If the results are stored as lines, an image can have several.
    """
    cloud = connect(port)
    s3 = cloud.client("s3")
    for key in demo.list_keys(s3, cloud.bucket, cloud.prefix("Results")):
        body = s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read()
        sys.stdout.write(printable_json(body.decode(errors="replace")))


def connect(port: int) -> Cloud:
    """Connects to the cloud that `up` of this checkout keeps running. Raises CloudError if there is none."""
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(url, seconds=1)
    except CloudError:
        raise CloudError(f"no cloud runs at {url}; start it with: make up PORT={port}") from None
    token = read_token(url)
    if token is None:
        raise CloudError(f"the cloud at {url} was not started with `make up` in this folder, so its secret is unknown")
    return connect_stack(Cloud(url, None, token, {}))


def stop(number: int, frame: object) -> None:
    """As an exception, a signal runs the same blocks as Ctrl-C, which stop the child processes."""
    sys.exit(SIGNAL_STATUS + number)


def main() -> None:
    isolate_process()
    for number in STOPPING_SIGNALS:
        # `nohup` ignores SIGHUP, so that a program outlives its terminal.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        app()
    except CloudError as error:
        exit_with_error(error)


if __name__ == "__main__":
    main()

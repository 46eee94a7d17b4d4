"""Prepare images, train a model on them, measure the model, and deploy it to an endpoint.

The usual order of the commands is: prepare, upload, launch, follow, evaluate, deploy. `COMMAND --help` describes each
one.
"""

import typer

from cli import VersionOption, exit_with_error, follow_aws_region
from training.data.commands import composites, images, photos, upload
from training.data.prepare import prepare
from training.description.commands import describe
from training.detector.commands import detector
from training.distillation.commands import soft_labels
from training.errors import explain_error
from training.evaluation.commands import evaluate
from training.hosting.commands import deploy
from training.jobs.commands import compare, follow, stop
from training.jobs.launch_command import launch
from training.quantization.commands import quantize

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)

for command in (
    prepare,
    soft_labels,
    upload,
    launch,
    follow,
    stop,
    compare,
    describe,
    quantize,
    deploy,
    evaluate,
    images,
    composites,
    photos,
    detector,
):
    app.command()(command)


@app.callback()
def options(version: VersionOption = False) -> None:
    """Options of `python -m training` itself, before the name of a command."""


def main() -> None:
    """Runs a command. Expected errors are printed as one message in red, without a traceback, and exit with 1."""
    follow_aws_region()
    try:
        app()
    except Exception as error:
        sentence = explain_error(error)
        if sentence is None:
            raise
        exit_with_error(ValueError(sentence))


if __name__ == "__main__":
    main()

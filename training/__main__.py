"""From FER2013's csv to a trained model, and from that to an endpoint."""

import typer
from rich.console import Console

from training.data import commands as data
from training.evaluation import commands as evaluate
from training.hosting import commands as deploy
from training.jobs import commands as jobs

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)

for command in (
    *(data.prepare, data.upload),
    *(jobs.launch, jobs.follow, jobs.stop, jobs.compare),
    *(deploy.deploy, evaluate.evaluate),
    *(data.images, data.composites),
):
    app.command()(command)


def main() -> None:
    try:
        app()
    except Exception as error:
        # What AWS refuses is told as well; botocore is imported only by the commands that ask it.
        if not isinstance(error, ValueError | OSError) and not type(error).__module__.startswith("botocore."):
            raise
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()

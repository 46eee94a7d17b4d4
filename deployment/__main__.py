"""Deploy Mien into an AWS account, and remove it again.

`deploy` makes everything: a bucket for artifacts, the endpoint with the model, and the application. `undeploy` removes
what `deploy` made. `compile` is for those who use the SAM CLI themselves. Credentials and region are those of the AWS
CLI.
"""

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli import VersionOption, exit_with_error, explain_aws_error, follow_aws_region
from deployment import commands, undeploy
from deployment.errors import DeploymentError
from operate.stack import OperateError

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def options(version: VersionOption = False) -> None:
    """Options of `python -m deployment` itself, before the name of a command."""


app.command(name="deploy")(commands.deploy)
app.command(name="undeploy")(undeploy.undeploy)
app.command(name="compile")(commands.compile_built)


def main() -> None:
    follow_aws_region()
    try:
        app()
    except (ValueError, OperateError) as error:
        exit_with_error(error)
    except (ClientError, BotoCoreError) as error:
        exit_with_error(DeploymentError(explain_aws_error(error)))


if __name__ == "__main__":
    main()

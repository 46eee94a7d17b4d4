"""Takes the steps of a removal one after the other, shows the progress, and collects what fails."""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from cli import explain_aws_error
from deployment import progress
from deployment.deletion import delete_bucket, delete_logs, delete_stack
from deployment.errors import DeploymentError
from deployment.inventory import Clients
from deployment.progress import print_line, show, show_stack
from deployment.removal import DELETIONS, Action, Deployment, Step
from deployment.tags import mark_bucket
from operate.connection import disconnect_bucket, eventbridge_remark
from operate.stack import OperateError
from training.hosting.inventory import wait_until_settled as wait_for_endpoint


@dataclass(frozen=True)
class Removal:
    """Removes what was found.

    pause: is called between two looks at a stack or an endpoint.
    """

    found: Deployment
    clients: Clients
    pause: Callable[[], None]

    def run(self, steps: list[Step]) -> dict[str, str]:
        """Takes all steps that are possible. Returns what could not be done: the step's target, and the reason."""
        failures: dict[str, str] = {}
        for step in steps:
            if blocking := [name for name in step.after if name in failures]:
                failures[step.target] = f"stays as long as stack {blocking[0]} is there"
                continue
            try:
                self.take(step)
            except (DeploymentError, OperateError) as error:
                failures[step.target] = str(error)
            except ClientError as error:
                failures[step.target] = explain_aws_error(error)
            else:
                # A bucket that could not be marked before is gone now too.
                if step.action in DELETIONS:
                    failures.pop(step.target, None)
        return failures

    def take(self, step: Step) -> None:
        match step.action:
            case Action.MARK_BUCKET:
                mark_bucket(self.clients["s3"], step.target, self.found.names.stack)
            case Action.DISCONNECT_BUCKET:
                self.disconnect(step.target)
            case Action.DELETE_STACK:
                self.delete_stack(step.target)
            case Action.SETTLE_ENDPOINT:
                self.settle_endpoint(step.target)
            case Action.DELETE_ENDPOINT:
                self.delete_endpoint(step.target)
            case Action.DELETE_LOGS:
                delete_logs(self.clients["logs"], step.target)
                print_line(f"Deleted the logs {step.target}.")
            case Action.DELETE_BUCKET:
                self.delete_bucket(step.target)

    def disconnect(self, bucket: str) -> None:
        s3, names, application = self.clients["s3"], self.found.names, self.found.application
        try:
            is_changed = disconnect_bucket(s3, bucket, names.stack)
        except ClientError as error:
            command = f"python -m operate disconnect --stack {names.stack} --bucket {bucket}"
            raise DeploymentError(
                f"it is not disconnected: {explain_aws_error(error)}. With the permission, {command} does it"
            ) from error
        if is_changed:
            print_line(f"Disconnected bucket {bucket} from stack {names.stack}.")
        uses_eventbridge = application and application.parameters.get("Notifications") == "eventbridge"
        if uses_eventbridge and (remark := eventbridge_remark(s3, bucket)):
            print_line(remark)

    def delete_stack(self, name: str) -> None:
        [stack] = [stack for stack in self.found.stacks if stack.name == name]
        with show_stack(name) as on_progress:
            delete_stack(self.clients["cloudformation"], stack, self.pause, on_progress)
        print_line(f"Deleted stack {name}.")

    def settle_endpoint(self, name: str) -> None:
        """SageMaker can't delete an endpoint that is being created or updated, and CloudFormation would fail."""
        with show(f"endpoint {name}") as remark:
            wait_for_endpoint(name, self.clients["sagemaker"], self.pause, remark)

    def delete_endpoint(self, name: str) -> None:
        self.clients["sagemaker"].delete_endpoint(EndpointName=name)
        self.settle_endpoint(name)
        print_line(f"Deleted endpoint {name}.")

    def delete_bucket(self, name: str) -> None:
        [bucket] = [bucket for bucket in self.found.buckets if bucket.name == name]
        expected, deleted = bucket.count.total, 0
        title = f"emptying bucket {name}"
        text = TextColumn("{task.description}", markup=False)
        with progress.start(title, (text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())) as bar:
            task = bar.add_task(title, total=expected)

            def on_deleted(number: int) -> None:
                nonlocal deleted
                deleted += number
                bar.update(task, completed=deleted, total=max(deleted, expected))

            delete_bucket(self.clients["s3"], name, on_deleted)
        print_line(f"Deleted bucket {name}, with {deleted:,} versions and delete markers.")

"""The command `undeploy`: shows what there is of a deployment, asks, removes it, and reports what is left."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from deployment import progress
from deployment.commands import (
    INTERRUPTED_EXIT_CODE,
    ProfileOption,
    RegionOption,
    StackOption,
    make_session,
    read_names,
)
from deployment.errors import DeploymentError
from deployment.inventory import SERVICES, Clients, read_deployment
from deployment.names import Names
from deployment.progress import print_line, show, show_stack
from deployment.removal import Deployment, deletes_anything, find_obstacles, loss, plan_removal
from deployment.removal_report import print_deployment, print_kept_data, print_outcome
from deployment.removal_steps import Removal
from deployment.stacks import read_stack, wait_until_settled


def undeploy(
    stack: StackOption = "mien",
    region: RegionOption = None,
    profile: ProfileOption = None,
    keep_data: Annotated[
        bool, typer.Option("--keep-data", help="Keep both buckets with everything in them, for the next deployment.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be deleted, and delete nothing.")] = False,
) -> None:
    """Remove everything that `deploy` has made, with all images and results. Nothing of it can be restored.

    Deletes the application, the endpoint, and both buckets with all versions of all objects. The command shows what it
    will delete, and you have to type the stack's name. A bucket and an endpoint that existed before the deployment are
    kept.

    It finishes what was half made or half deleted. It is safe to interrupt it and to run it again. The exit status is 1
    if anything is left that should be gone.
    """
    if not (dry_run or yes or sys.stdin.isatty()):
        raise DeploymentError("undeploy asks before it deletes, but there is no terminal: add --yes, or --dry-run")
    session = make_session(region, profile)
    clients = {service: session.client(service) for service in SERVICES}
    try:
        is_done = Undeployment(
            clients,
            read_names(stack, session),
            keep_data,
            dry_run,
            confirm=(lambda question: None) if yes else (lambda question: ask(question, stack)),
        ).run()
    except KeyboardInterrupt:
        print_line("Interrupted. AWS finishes what it has begun. To delete the rest, run the same command again.")
        raise typer.Exit(INTERRUPTED_EXIT_CODE) from None
    if not is_done:
        raise typer.Exit(1)


def ask(question: str, stack: str) -> None:
    """Raises DeploymentError if the user does not type the stack's name."""
    if typer.prompt(question, err=True) != stack:
        raise DeploymentError(f"that is not {stack}: nothing was deleted")


@dataclass(frozen=True)
class Undeployment:
    """One run of the command.

    confirm: gets the question, and raises DeploymentError if the user does not want to go on.
    pause: is called between two looks at a stack or an endpoint.
    """

    clients: Clients
    names: Names
    keep_data: bool
    dry_run: bool
    confirm: Callable[[str], Any]
    pause: Callable[[], None] = progress.pause

    def run(self) -> bool:
        """Returns whether nothing is left that should be gone.

        Raises DeploymentError, before anything is deleted, if something must not be deleted.
        """
        if not self.dry_run:
            self.settle_stacks()
        found = self.look()
        if obstacles := find_obstacles(found):
            raise DeploymentError("\n".join((*obstacles, "nothing was deleted")))
        print_deployment(found, self.keep_data)
        steps = plan_removal(found, self.keep_data)
        if self.dry_run:
            print_line("This was a dry run: nothing was deleted.")
            return True
        is_needed = deletes_anything(steps)
        if is_needed:
            self.confirm(f"{loss(found, self.keep_data)}. Type {self.names.stack} to delete what is listed above")
        failures = Removal(found, self.clients, self.pause).run(steps)
        if is_needed or failures:
            print_outcome(found, failures)
        if self.keep_data:
            print_kept_data(found)
        return not failures

    def look(self) -> Deployment:
        counted = 0
        with show("looking for what there is, and counting objects") as remark:

            def on_counted(number: int) -> None:
                nonlocal counted
                counted += number
                remark(f"{counted:,} versions")

            return read_deployment(self.clients, self.names, on_counted)

    def settle_stacks(self) -> None:
        """Waits until nobody is changing the stacks: CloudFormation can't delete a stack that is being updated."""
        cloudformation = self.clients["cloudformation"]
        for name in (self.names.stack, self.names.model_stack):
            stack = read_stack(cloudformation, name)
            if stack and stack.is_changing:
                print_line(f"Stack {name} is {stack.status}. Waiting for its end; Ctrl-C ends only the waiting.")
                with show_stack(name) as on_progress:
                    wait_until_settled(cloudformation, stack.id, self.pause, on_progress)

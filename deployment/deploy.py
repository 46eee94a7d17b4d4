"""What the command `deploy` does, from checks that change nothing to the first label."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployment import application
from deployment.api import Api, ask_once, connect
from deployment.artifacts import bucket_exists, prepare_bucket
from deployment.bucket import delete_if_empty
from deployment.endpoint import deploy_endpoint
from deployment.errors import DeploymentError
from deployment.model import prepare_model
from deployment.parameters import access_parameters, endpoint_parameters, model_parameters, shift_parameters
from deployment.plan import DeployOptions, Plan, make_plan
from deployment.progress import describe, pause, print_line, show, show_stack
from deployment.quotas import check_quotas
from deployment.stack_changes import Waiting, find_updatable
from deployment.stacks import explain_failure, read_progress, read_stack
from operate.connect import connect as connect_bucket
from training.hosting.inventory import make_clients


def deploy_all(options: DeployOptions, session: Any) -> Api | None:
    """Deploys what is missing or has changed, and waits until the API answers. Returns the API.

    Returns None, and changes nothing, if the user does not confirm the plan.
    Raises DeploymentError or ValueError, with the way out. What was made stays, and a second run continues.
    """
    names = options.names
    clients = make_clients(names.region)
    plan = make_plan(options, clients, session)
    check_quotas({**clients, "lambda": session.client("lambda")}, plan.hosting, plan.concurrency, print_line)
    if not options.confirm(plan):
        return None
    application.require_sam()
    given = {
        **shift_parameters(plan.stack.parameters if plan.stack else {}),
        **endpoint_parameters(plan.endpoint, plan.hosting),
        **access_parameters(options.access),
    }
    with tempfile.TemporaryDirectory(prefix="mien-deploy-") as scratch:
        model = None
        if plan.hosting and plan.model:
            is_new = not bucket_exists(clients["s3"], names.artifacts_bucket, names.account)
            model = prepare_model(plan.model, options.model, names, plan.hosting, clients, Path(scratch), is_new)
            given |= model_parameters(model.container.endpoint_input, model.contract.labels)
        given |= options.parameters
        build(plan, given)
        prepare_bucket(clients["s3"], names, options.access.kms_key)
        if model:
            model.store()
        if plan.hosting:
            cloudformation = session.client("cloudformation")
            deploy_endpoint(names, model, plan.hosting, options.access, clients, cloudformation)
    return deploy_stack(plan, given, clients["s3"], session)


def build(plan: Plan, given: Mapping[str, str]) -> None:
    with show(f"building the functions for {plan.architecture}"):
        application.build({**given, "Architecture": plan.architecture})
    print_line(f"Built the functions for {plan.architecture}.")


def deploy_stack(plan: Plan, given: Mapping[str, str], s3: Any, session: Any) -> Api:
    """Deploys the application's stack, and asks its API. given: parameters of template.yaml, by name."""
    names, cloudformation = plan.names, session.client("cloudformation")
    bucket = plan.existing_bucket
    found = read_stack(cloudformation, names.stack)
    if found and (found.is_changing or found.is_useless):
        what = "waiting for its end" if found.is_changing else "deleting what an earlier attempt has left"
        print_line(f"The stack {names.stack} is {found.status}: {what}.")
        with show_stack(names.stack) as on_progress:
            find_updatable(cloudformation, names.stack, Waiting(pause, on_progress))
    if bucket == names.bucket and plan.stack is None and delete_if_empty(s3, bucket):
        bucket = None
    parameters = {**given, **({"ExistingBucket": bucket} if bucket else {})}
    with show(f"stack {names.stack}") as remark:

        def while_running() -> None:
            stack = read_stack(cloudformation, names.stack)
            if stack and stack.is_changing:
                remark(describe(read_progress(cloudformation, stack)))
            else:
                remark("uploading the functions, if they have changed")

        output = application.deploy(names, parameters, while_running)
    stack = read_stack(cloudformation, names.stack)
    if output is not None or stack is None:
        reason = f"sam deploy failed:\n{output}"
        if stack and not stack.is_good:
            reason = explain_failure(cloudformation, stack)
        raise DeploymentError(
            f"{reason}\nSAM's output is in {application.LOG}. When the cause is gone, run this again."
        )
    print_line(f"The stack {names.stack} is {stack.status}.")
    if bucket:
        connect_bucket(names.stack)
    return ask(connect(stack.outputs, session))


def ask(api: Api) -> Api:
    with show("asking the API") as remark:
        document = ask_once(api, pause, remark)
    label = document.get("label") or document["status"]
    print_line(f"The API labels a sample of a happy face as {label}.")
    return api

"""What `undeploy` prints: what there is, what is kept, and what is left in the end."""

from collections.abc import Mapping

from rich.console import Console
from rich.filesize import decimal

from cli import literal
from deployment.estimate_text import dollars
from deployment.prices import load_prices
from deployment.removal import Bucket, Deployment, Endpoint, plural
from deployment.stacks import Stack

console = Console()
GB = 1_000_000_000


def print_deployment(found: Deployment, keep_data: bool) -> None:
    """Prints a list of what will be deleted, and a line for each thing that is kept."""
    names = found.names
    rows = list_rows(found, keep_data)
    where = f"account {names.account}, region {names.region}"
    if rows:
        print_text(f"To be deleted in {where}:")
    else:
        print_text(
            f"There is nothing of deployment {names.stack} to delete in {where}. --stack and --region look elsewhere."
        )
    kinds, targets = max([len(row[0]) for row in rows], default=0), max([len(row[1]) for row in rows], default=0)
    for kind, target, state in rows:
        print_text(f"  {kind:{kinds}}  {target:{targets}}  {state}")
    for line in list_kept(found, keep_data):
        print_text(line)


def list_rows(found: Deployment, keep_data: bool) -> list[tuple[str, str, str]]:
    """What will be deleted, in the order of the deletion: its kind, its name, and its state."""
    rows = []
    if found.application:
        what = "functions, API, queues with their messages"
        rows.append(("stack", found.application.name, f"{what}; {stack_state(found, found.application)}"))
    if found.hosting:
        rows.append(("stack", found.hosting.name, f"model and endpoint; {stack_state(found, found.hosting)}"))
    if found.endpoint and found.endpoint.is_own:
        rows.append(("endpoint", found.endpoint.name, endpoint_state(found.endpoint)))
    if found.logs:
        rows.append(("logs", found.logs, "of the endpoint"))
    for bucket in [] if keep_data else found.buckets:
        what = "images and documents" if bucket is found.bucket else "models and packages"
        rows.append(("bucket", bucket.name, f"{what}; {bucket_state(bucket)}"))
    return rows


def list_kept(found: Deployment, keep_data: bool) -> list[str]:
    """What is kept, and why, one line each."""
    stack = found.names.stack
    kept = []
    if found.existing_bucket:
        kept.append(f"Kept: bucket {found.existing_bucket} with everything in it, because it existed before the stack.")
    for bucket in (found.bucket, found.artifacts):
        if bucket and not bucket.is_own:
            kept.append(f"Kept: bucket {bucket.name}, because nothing shows that it belongs to stack {stack}.")
        elif bucket and keep_data:
            kept.append(f"Kept: bucket {bucket.name}, {bucket_state(bucket)}")
    endpoint = found.endpoint
    if endpoint and not endpoint.is_own:
        hint = (
            f"To delete it: python -m training deploy --endpoint {endpoint.name} --delete"
            if endpoint.maker == "training"
            else "It may cost money."
        )
        kept.append(
            f"Kept: endpoint {endpoint.name} ({endpoint.status}), because the deployment has not made it. {hint}"
        )
    return kept


def stack_state(found: Deployment, stack: Stack) -> str:
    """Its status, and what CloudFormation could not delete before."""
    stuck = found.stuck.get(stack.name, {})
    reasons = "; ".join(f"{name}: {reason}" for name, reason in stuck.items())
    return f"{stack.status} ({reasons})" if reasons else stack.status


def endpoint_state(endpoint: Endpoint) -> str:
    """Its status, what it runs on, and what that costs while it is there."""
    if not endpoint.instance_type:
        return f"{endpoint.status}, serverless: costs nothing while nobody calls it"
    runs_on = f"{endpoint.status}, {endpoint.instances} x {endpoint.instance_type}"
    prices = load_prices()
    if endpoint.instance_type not in prices.prices:
        return f"{runs_on}: costs money by the hour ({prices.prices['endpoint_data'].url})"
    hourly = prices.dollars(endpoint.instance_type) * endpoint.instances
    return f"{runs_on}: about {dollars(hourly)} an hour, list price in {prices.region}"


def bucket_state(bucket: Bucket) -> str:
    count = bucket.count
    if not count.total:
        return "empty"
    return (
        f"{plural(count.objects, 'object')}, {plural(count.versions, 'version')}, "
        f"{plural(count.delete_markers, 'delete marker')}, {decimal(count.size)}"
    )


def print_kept_data(found: Deployment) -> None:
    """Says what was kept, what it costs, how to get at it, and what becomes of it."""
    prices, names = load_prices(), found.names
    monthly = sum(bucket.count.size for bucket in found.buckets) / GB * prices.dollars("s3_storage")
    if not found.buckets:
        return
    print_text(f"What was kept costs {dollars(monthly)} a month to store, at list prices in {prices.region}.")
    if found.bucket and found.bucket.is_own:
        print_text(f"To copy the images and documents: aws s3 sync s3://{found.bucket.name} FOLDER")
    options = "" if names.stack == "mien" else f" STACK={names.stack}"
    print_text(f"make deploy{options} uses what was kept again, and make undeploy{options} deletes it.")


def print_outcome(found: Deployment, failures: Mapping[str, str]) -> None:
    """Says whether everything that was listed is gone. failures: what is left, each with the reason."""
    names = found.names
    if not failures:
        print_text(f"Everything that was listed is deleted from account {names.account}, region {names.region}.")
        return
    print_text("This is left:")
    for name, reason in failures.items():
        print_text(f"  {name}: {reason}")
    print_text("When the causes are gone, run the same command again.")


def print_text(text: str) -> None:
    console.print(literal(text), soft_wrap=True)

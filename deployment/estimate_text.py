"""The estimate as text: a few lines for a person who is asked whether to go on, and a table of its parts."""

from collections.abc import Sequence

from deployment.estimate import HOURS_PER_MONTH, LEFT_OUT, Estimate, Line, total
from deployment.workloads import FACES, PHOTOS
from training.hosting.options import Instances, Serverless

CENT = 0.01


def dollars(amount: float) -> str:
    """An amount with cents: $6.83, $1,204.00; less than a cent is <$0.01."""
    return f"${amount:,.2f}" if amount == 0 or amount >= CENT / 2 else f"<${CENT}"


def summary(estimate: Estimate) -> list[str]:
    """Returns what a deployment costs, in four or five lines of plain text."""
    prices, images = estimate.prices, estimate.per_million
    costs = [f"{dollars(total(images[each.name]))} per million {each.name}" for each in (FACES, PHOTOS)]
    lines = [
        f"while idle: {dollars(total(estimate.idle))} a month ({idle_parts(estimate)})",
        f"in use: {', '.join(costs)}, and up to {dollars(total(estimate.in_use))} a month for metrics",
        f"prices: list prices of {prices.region}, {prices.date}; other regions differ",
        f"not included: {LEFT_OUT}",
    ]
    page = prices.prices["endpoint_data"].url
    if estimate.without_price:
        lines.append(f"not included either: the endpoint's instances, {estimate.without_price}: see {page}")
    elif doubtful := unconfirmed(estimate):
        lines.append(f"not confirmed: the price of {', '.join(doubtful)}: see {page}")
    return lines


def idle_parts(estimate: Estimate) -> str:
    """What costs something while nothing happens, from the most expensive part, and what the endpoint can cost."""
    parts = [
        f"{line.what} {dollars(line.dollars)}"
        for line in sorted(estimate.idle, key=lambda line: -line.dollars)
        if line.dollars >= CENT / 2
    ]
    match estimate.plan.hosting:
        case Serverless():
            parts.append(f"serverless endpoint {dollars(0)}")
        case Instances() as instances if instances.has_scaling and not estimate.without_price:
            month = estimate.prices.dollars(instances.type) * HOURS_PER_MONTH
            parts.append(f"while busy up to {instances.maximum} instances, {dollars(month)} a month each")
        case None:
            parts.append("the endpoint that exists already is not counted")
    return ", ".join(parts)


def unconfirmed(estimate: Estimate) -> list[str]:
    """The names of the prices in the estimate that no search has found."""
    names = {line.price for line in [*estimate.idle, *estimate.in_use, *sum(estimate.per_million.values(), ())]}
    return sorted(name for name in names if not estimate.prices.prices[name].confirmed)


def table(estimate: Estimate) -> list[str]:
    """Returns all parts of the estimate, one per line, with quantity, unit and dollars."""
    rows: list[str] = []
    for title, lines in (
        ("per month, idle", estimate.idle),
        ("per month in addition, if images come in every hour", estimate.in_use),
        *((f"per million {name}", lines) for name, lines in estimate.per_million.items()),
    ):
        rows += [*([""] if rows else []), f"{title}: {dollars(total(lines))}", *part_rows(lines, estimate)]
    return rows


def part_rows(lines: Sequence[Line], estimate: Estimate) -> list[str]:
    width = max(len(line.what) for line in lines)
    return [
        f"  {dollars(line.dollars):>9}  {line.what:<{width}}  {count(line.quantity)} x "
        f"{estimate.prices.prices[line.price].unit}"
        for line in sorted(lines, key=lambda line: -line.dollars)
    ]


def count(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:.3g}"

"""Injects faults into the application in the embedded cloud, and compares the results with the uploads."""

import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from . import report
from .application import start
from .load import plot, run_load, summary
from .runs import Result, run
from .trials import TRIALS, TRIALS_OF_LINES, Trial

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
console = Console()

Seed = Annotated[int, typer.Option(help="The same seed hits the same requests.")]
Write = Annotated[bool, typer.Option("--write", help="Write the result into docs/reliability.md.")]
Lines = Annotated[bool, typer.Option("--lines", help="The application stores its results as JSON Lines.")]


def trials_by_name(lines: bool) -> dict[str, Trial]:
    return {trial.name: trial for trial in (TRIALS_OF_LINES if lines else TRIALS)}


@app.command(name="list")
def list_(lines: Lines = False) -> None:
    """List the faults."""
    table = Table("fault", "how it is injected")
    for trial in trials_by_name(lines).values():
        table.add_row(trial.name, trial.how)
    console.print(table)


@app.command(name="run")
def run_(
    fault: Annotated[list[str] | None, typer.Option(help="The name of a fault; can be repeated. Default: all.")] = None,
    images: Annotated[int, typer.Option(min=1, help="Number of images in each run.")] = 40,
    minutes: Annotated[
        float, typer.Option(min=0, help="Minutes for which to repeat the runs with the next seeds.")
    ] = 0,
    seed: Seed = 1,
    lines: Lines = False,
    write: Write = False,
) -> None:
    """Inject the faults one after the other, and print the results. The exit status is 1 if anything is wrong."""
    known = trials_by_name(lines)
    unknown = set(fault or []) - set(known)
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: `list` shows all names")
    trials = [known[name] for name in fault or known]
    results: list[Result] = []
    end = time.monotonic() + minutes * 60
    with start(lines=lines) as deployed:
        while not results or time.monotonic() < end:
            for trial in trials:
                results.append(run(deployed, trial, images, seed))
                print_result(results[-1], seed)
            seed += 1
    wrong = [one for line in report.lines(results).values() for one in line.found]
    console.print(f"{len(results)} runs, {len(wrong)} findings")
    if write:
        part = "faults of lines" if lines else "faults"
        report.write(part, f"`{command()}`\n\n{report.table(results, lines)}")
    if wrong:
        raise typer.Exit(1)


def print_result(result: Result, seed: int) -> None:
    findings = result.findings
    verdict = "[green]good[/]" if findings.clean() else f"[red]{findings}[/]"
    dead = f", {findings.dead} dead letters redriven" if findings.dead else ""
    console.print(
        f"{result.trial.name}, seed {seed}: {findings.versions} images, {sum(result.injected.values())} hits"
        f"{dead}, {result.seconds:.0f} s: {verdict}",
        highlight=False,
        soft_wrap=True,
    )


@app.command(name="load")
def load_(
    images: Annotated[int, typer.Option(min=100, help="Number of images.")] = 20_000,
    share: Annotated[float, typer.Option(min=0, max=1, help="Share of the requests that are hit.")] = 0.05,
    seed: Seed = 1,
    write: Write = False,
    picture: Annotated[Path, typer.Option(help="File for the plot.")] = report.PAGE.parent / "load.png",
) -> None:
    """Classify many images in one run with faults, and plot throughput and memory over time."""
    with start() as deployed:
        result = run_load(deployed, images, share, seed)
    plot(result, picture)
    console.print(summary(result), highlight=False)
    console.print(report.injections(result.result.injected), highlight=False)
    if write:
        report.write("load", f"`{command()}`\n\n{summary(result)}\n\n![Throughput and memory]({picture.name})")
    if not result.result.findings.clean():
        console.print(str(result.result.findings))
        raise typer.Exit(1)


def command() -> str:
    """The command line as it was typed."""
    return shlex.join(["python", "-m", "tests.faults", *sys.argv[1:]])


if __name__ == "__main__":
    # `kill` must end this process as Ctrl-C does, because the `with` blocks stop the cloud's processes.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    app()

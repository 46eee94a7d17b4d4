"""Writes results into docs/reliability.md, between marks, each with the command that made it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.report import write_part

from . import ROOT
from .runs import Result

PAGE = ROOT / "docs" / "reliability.md"


@dataclass
class Line:
    """The sums over all runs of one trial."""

    how: str
    runs: int = 0
    images: int = 0
    injected: int = 0
    lost: int = 0
    wrong: int = 0
    doubled: int = 0
    older: int = 0
    changed: int = 0
    repeated: int = 0
    strays: int = 0
    dead: int = 0
    expects_dead: bool = False
    found: list[str] = field(default_factory=list)


def lines(results: Iterable[Result]) -> dict[str, Line]:
    by_trial: dict[str, Line] = {}
    for result in results:
        line = by_trial.setdefault(result.trial.name, Line(result.trial.how, expects_dead=bool(result.trial.dead)))
        findings = result.findings
        line.runs += 1
        line.images += findings.versions
        line.injected += sum(result.injected.values())
        for name in ("lost", "wrong", "doubled", "older", "changed", "strays"):
            found = getattr(findings, name)
            setattr(line, name, getattr(line, name) + len(found))
            line.found += [f"{name}: {one}" for one in found]
        line.repeated += findings.repeated
        line.dead += findings.dead
    return by_trial


def table(results: Iterable[Result], of_lines: bool = False) -> str:
    last = ("changed", "repeated lines") if of_lines else ("doubled", "older over newer")
    rows = [
        f"| fault | how it is injected | times | runs | images | lost | wrong | {' | '.join(last)} | dead letters |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, line in lines(results).items():
        dead = f"{line.dead:,}, redriven" if line.expects_dead else "0" if not line.strays else f"**{line.strays:,}**"
        wrong = (line.lost, line.wrong, line.changed) if of_lines else (line.lost, line.wrong, line.doubled, line.older)
        counts = [f"{n:,}" if not n else f"**{n:,}**" for n in wrong]
        counts += [f"{line.repeated:,}"] * of_lines
        injected = f"{line.injected:,}" if line.injected else ""
        rows.append(
            f"| {name} | {line.how} | {injected} | {line.runs} | {line.images:,} | {' | '.join(counts)} | {dead} |"
        )
    return "\n".join(rows)


def write(part: str, text: str, page: Path = PAGE) -> None:
    """Replaces the text between the marks of a part. Raises ValueError if the page does not have these marks."""
    write_part(page, part, text, "the harness")


def injections(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common())

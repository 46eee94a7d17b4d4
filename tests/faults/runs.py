"""One run of a trial: images are uploaded while faults are injected, and the results are judged at the end."""

import time
from collections import Counter
from dataclasses import dataclass

from .application import Application
from .injection import inject, relay_notifications
from .invariants import Findings
from .trials import Trial


@dataclass(frozen=True)
class Result:
    """The outcome of one run.

    injected: how often each fault has hit a request, by its name.
    """

    trial: Trial
    findings: Findings
    injected: Counter[str]
    seconds: float


def run(application: Application, trial: Trial, images: int, seed: int) -> Result:
    """Runs a trial, and judges it when the queue is empty.

    If the trial's messages must end in the dead-letter queue, they are redriven without faults and judged again.
    """
    began = time.monotonic()
    prefix = f"{trial.name} {seed}/"
    with relay_notifications(application, trial.relay, seed), inject(application, trial.faults, seed) as injected:
        names = application.upload(prefix, images, seed, round(trial.overwrites * images))
        # The last images: the first ones are overwritten.
        removed = names[len(names) - round(trial.removals * images) :]
        application.remove(prefix, removed[::2])
        application.revert(prefix, names[: round(trial.reverts * images)])
        foreign = application.send_foreign_messages(prefix, trial.foreign)
        application.wait_until_idle()
        if removed:
            application.remove(prefix, removed[1::2])
            application.wait_until_idle()
        findings = application.judge(prefix, trial.may_die)
        letters = application.dead_letters(prefix)
    if trial.dead:
        application.redrive(prefix)
        application.wait_until_idle()
        dead = findings.dead
        findings = application.judge(prefix)
        findings.dead = dead
        if not trial.under:
            # A refusal is final, so it is not retried. A crash is retried, because the functions cannot know its cause.
            findings.strays += [f"{one.images} was tried {one.attempts} times" for one in letters if one.attempts > 1]
        if not dead:
            findings.strays.append("there are no dead letters, although this trial must cause some")
    findings.strays += application.judge_foreign_messages(foreign)
    if trial.faults and not injected:
        findings.strays.append("no request was hit: choose more images, or another seed")
    return Result(trial, findings, injected, time.monotonic() - began)

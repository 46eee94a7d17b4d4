"""The trials: each is one run of the application with some faults."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .catalogue import FAULTS, FAULTS_OF_LINES, Fault


@dataclass(frozen=True)
class Relay:
    """What happens to S3's notifications on their way to the queue.

    copies: how often each notification is delivered.
    late: seconds by which each copy is delayed at most.
    """

    copies: int = 1
    late: float = 0.0


@dataclass(frozen=True)
class Trial:
    """The faults of one run, and what else disturbs it.

    how: a phrase for the report.
    foreign: messages that are not events, of each of two kinds, which are sent to the queue.
    overwrites: images that are overwritten while they are classified, as a share of all.
    removals: images that are deleted, as a share of all: half of them while they are classified, the others later.
    reverts: images whose newest version is deleted for good at the end, so that the one before it is the current one
        again, as a share of all.
    dead: a part of the reason with which messages must end in the dead-letter queue; None if they must not.
    under: only messages about keys that contain this text may end there.
    """

    name: str
    how: str
    faults: tuple[Fault, ...] = ()
    relay: Relay | None = None
    foreign: int = 0
    overwrites: float = 0.0
    removals: float = 0.0
    reverts: float = 0.0
    dead: str | None = None
    under: str = ""

    def may_die(self, key: str, reason: str) -> bool:
        """Whether the message about an image may become a dead letter with this reason."""
        return self.dead is not None and self.dead in reason and self.under in key


def mixed(share: float, faults: Sequence[Fault] = FAULTS) -> tuple[Fault, ...]:
    """All temporary faults at once. share: the part of the requests of each kind that is hit."""
    temporary = [fault for fault in faults if not fault.dead and fault.lasting is None]
    of_operation = Counter(fault.operation for fault in temporary)
    return tuple(replace(fault, share=share / of_operation[fault.operation], least=0) for fault in temporary)


def of_fault(fault: Fault) -> Trial:
    """The trial of one fault. Documents are deleted, and images looked up, mostly when images are deleted."""
    removals = 0.5 if fault.operation in ("delete", "look") else 0.0
    return Trial(fault.name, fault.how, (fault,), dead=fault.dead, under=fault.under, removals=removals)


def brief(trial: Trial) -> Trial:
    """The trial with at most three hits of each fault. A fault that hits one image again and again costs minutes.

    Among so few images only a few documents are deleted, and the endpoint is called only a few times. So a larger share
    of these requests is hit. Where messages must become dead letters, the fault must hit them every time, so they have
    no limit.
    """
    if trial.dead:
        return trial
    return replace(trial, faults=tuple(brief_fault(fault) for fault in trial.faults))


def brief_fault(fault: Fault) -> Fault:
    share = max(fault.share, 0.7) if fault.operation in ("delete", "invoke") else fault.share
    return replace(fault, most=min(3, fault.most or 3), share=share)


NOTHING = Trial("nothing", "undisturbed, for comparison")
DISTURBED_NOTIFICATIONS = [
    Trial("duplicates", "each notification three times, within 3 s", relay=Relay(3, 3)),
    Trial("disorder", "each key overwritten, notifications up to 15 s late", relay=Relay(1, 15), overwrites=1.0),
    Trial(
        "removals",
        "half of the images deleted, each notification twice, up to 15 s late",
        relay=Relay(2, 15),
        removals=0.5,
    ),
]

TRIALS = [
    NOTHING,
    *map(of_fault, FAULTS),
    *DISTURBED_NOTIFICATIONS,
    Trial("foreign messages", "S3's test event, JSON that is not an event, text that is not JSON", foreign=4),
    Trial(
        "all at once",
        "a tenth of all requests disturbed by all of the above that may pass, duplicates, disorder, changes",
        mixed(0.1),
        Relay(2, 10),
        foreign=2,
        overwrites=0.5,
        removals=0.25,
    ),
]

TRIALS_OF_LINES = [
    NOTHING,
    *map(of_fault, FAULTS_OF_LINES),
    *DISTURBED_NOTIFICATIONS,
    Trial(
        "versions deleted",
        "each key overwritten, the newest version of half of them deleted, each notification twice, up to 15 s late",
        relay=Relay(2, 15),
        overwrites=1.0,
        reverts=0.5,
    ),
    Trial(
        "all at once",
        "a tenth of all requests disturbed by all of the above that may pass, duplicates, disorder, changes",
        mixed(0.1, FAULTS_OF_LINES),
        Relay(2, 10),
        foreign=2,
        overwrites=0.5,
        removals=0.25,
        reverts=0.25,
    ),
]

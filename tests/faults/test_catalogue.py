"""Which requests a fault hits."""

from email.message import Message

import pytest

from tests.support.proxy import Caller, Exchange

from .catalogue import FAULTS, FAULTS_OF_LINES, POISON, Fault
from .trials import mixed

SEEDS = range(200)


def request(operation: str, ordinal: int = 0) -> Exchange:
    return Exchange(operation, f"inbox/{POISON}.png", ordinal, Caller(1, 2), "GET", "/", Message(), b"")


@pytest.mark.parametrize("fault", [*FAULTS, *FAULTS_OF_LINES], ids=lambda fault: fault.name)
def test_a_fault_alone_hits_the_first_request_that_it_concerns_whatever_the_seed(fault: Fault) -> None:
    assert all(fault.hits(request(fault.operation), seed, earlier=0) for seed in SEEDS)
    assert not any(fault.hits(request("other"), seed, earlier=0) for seed in SEEDS)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS_OF_LINES if fault.most], ids=lambda fault: fault.name)
def test_a_fault_hits_no_more_requests_than_its_limit_says(fault: Fault) -> None:
    assert not any(fault.hits(request(fault.operation), seed, earlier=fault.most or 0) for seed in SEEDS)


def test_among_all_faults_at_once_a_seed_decides_about_the_first_request_too() -> None:
    for fault in mixed(0.1):
        hits = sum(fault.hits(request(fault.operation), seed, earlier=0) for seed in SEEDS)
        assert hits < len(SEEDS) / 4

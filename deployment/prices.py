"""List prices of AWS, from the dated file prices.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

PRICES = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True)
class Price:
    """What one unit costs.

    source, url: title and address of AWS's page.
    confirmed: whether a search found the number; otherwise it is from memory.
    """

    dollars: float
    unit: str
    source: str
    url: str
    confirmed: bool


@dataclass(frozen=True)
class PriceList:
    """The prices of one region at one date. Those of instances have the name of their type, such as ml.c7i.large."""

    date: date
    region: str
    prices: Mapping[str, Price]

    def dollars(self, name: str) -> float:
        return self.prices[name].dollars


@cache
def load_prices() -> PriceList:
    content = tomllib.loads(PRICES.read_text())
    day, region = content.pop("date"), content.pop("region")
    return PriceList(day, region, {name: Price(**fields) for name, fields in content.items()})

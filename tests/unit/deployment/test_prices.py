"""The file of prices: every price has a unit and a page of AWS, and the types that the commands suggest have one."""

from deployment.prices import load_prices
from training.hosting.options import SUGGESTED_INSTANCE_TYPE


def test_each_price_is_positive_and_names_its_unit_and_its_page() -> None:
    for name, price in load_prices().prices.items():
        assert 0 < price.dollars < 1, name
        assert price.unit, name
        assert price.source.startswith(("Amazon ", "AWS ")), name
        assert price.url.startswith("https://aws.amazon.com/"), name


def test_the_suggested_instance_types_have_a_price() -> None:
    assert {SUGGESTED_INSTANCE_TYPE, "ml.c7i.xlarge", "ml.c7g.large"} <= load_prices().prices.keys()


def test_every_price_of_the_services_is_confirmed() -> None:
    unconfirmed = [name for name, price in load_prices().prices.items() if not price.confirmed]
    assert all(name.startswith("ml.") for name in unconfirmed)

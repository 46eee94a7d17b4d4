"""Prices are read from AWS's price list."""

from training.jobs.prices import on_demand_price


def test_a_price_is_the_on_demand_price_per_hour() -> None:
    # The format of the answers of the AWS Price List Query API.
    product = {
        "product": {"attributes": {"instanceName": "ml.g5.xlarge", "platoinstancetype": "Training"}},
        "terms": {
            "OnDemand": {"A.B": {"priceDimensions": {"A.B.C": {"unit": "Hrs", "pricePerUnit": {"USD": "1.408"}}}}}
        },
    }
    assert on_demand_price(product) == 1.408
    assert on_demand_price({"terms": {"Reserved": {}}}) is None

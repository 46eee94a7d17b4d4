"""What training on an instance costs, from AWS's price list. Any AWS account can query it.

Source: AWS Price List Query API, GetProducts, service AmazonSageMaker.
"""

import json
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# The price list is served in a few regions only. Each of them has the prices of all regions.
PRICE_LIST_REGION = "us-east-1"


def price_per_hour(instance_type: str, region: str, session: boto3.Session) -> float | None:
    """Returns the on-demand price of one instance, in US dollars per hour.

    Returns None if the price list cannot be queried, for instance because the user lacks pricing:GetProducts, or if
    it has no price for this type in this region.
    """
    fields = {"regionCode": region, "instanceName": instance_type, "platoinstancetype": "Training"}
    try:
        answer = session.client("pricing", region_name=PRICE_LIST_REGION).get_products(
            ServiceCode="AmazonSageMaker",
            Filters=[{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()],
        )
    except (BotoCoreError, ClientError):
        return None
    prices = (on_demand_price(json.loads(product)) for product in answer["PriceList"])
    return next((price for price in prices if price), None)


def on_demand_price(product: dict[str, Any]) -> float | None:
    """Returns the US dollars per hour of a product of the price list; None if it is not sold by the hour."""
    for term in product["terms"].get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            if dimension["unit"].lower() in ("hrs", "hour", "hours"):
                return float(dimension["pricePerUnit"]["USD"])
    return None

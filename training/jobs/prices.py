"""What training on an instance costs: from AWS's own price list, which anyone may ask who has an account.

Source: AWS Price List Query API, GetProducts, service AmazonSageMaker.
"""

import json
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# The list is served in a few regions only, and holds the prices of all.
REGION = "us-east-1"


def per_hour(instance_type: str, region: str, session: boto3.Session) -> float | None:
    """US dollars an hour, on demand; nothing where the list can't be asked, or doesn't know the type in the region."""
    fields = {"regionCode": region, "instanceName": instance_type, "platoinstancetype": "Training"}
    try:
        answer = session.client("pricing", region_name=REGION).get_products(
            ServiceCode="AmazonSageMaker",
            Filters=[{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()],
        )
    except (BotoCoreError, ClientError):
        return None
    return next((price for product in answer["PriceList"] if (price := on_demand(json.loads(product)))), None)


def on_demand(product: dict[str, Any]) -> float | None:
    """A product of the price list → its price in US dollars, if it has one by the hour."""
    for term in product["terms"].get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            if dimension["unit"].lower() in ("hrs", "hour", "hours"):
                return float(dimension["pricePerUnit"]["USD"])
    return None

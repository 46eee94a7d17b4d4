"""The article's way: a function behind an API gets one image in base64, and calls the endpoint for it.

Written after "Facial Expression Classification Using Deep Learning & AWS" (Analytics Vidhya). The endpoint gets the
file as it is and decodes it. Nothing is read from a bucket, and nothing is stored.
"""

import base64
import json
import os
from typing import Any

import boto3

ENDPOINT_NAME = os.environ["ENDPOINT_NAME"]
runtime = boto3.client("sagemaker-runtime")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    image = base64.b64decode(event["body"])
    response = runtime.invoke_endpoint(EndpointName=ENDPOINT_NAME, ContentType="application/x-image", Body=image)
    answer = json.loads(response["Body"].read())
    probabilities = answer["faces"][0]["probabilities"]
    label = answer["labels"][probabilities.index(max(probabilities))]
    return {"statusCode": 200, "body": json.dumps({"label": label, "confidence": max(probabilities)})}

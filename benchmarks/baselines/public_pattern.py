"""The common public pattern: S3 → SQS → a function that handles one record after the other.

Written as many public examples are: Pillow scales the image to the model's input, the endpoint gets one image per call,
and the result is a JSON object in the bucket.
"""

import io
import json
import os
from typing import Any
from urllib.parse import unquote_plus

import boto3
from PIL import Image

ENDPOINT_NAME = os.environ["ENDPOINT_NAME"]
PREFIX = "predictions/"
s3 = boto3.client("s3")
runtime = boto3.client("sagemaker-runtime")


def handler(event: dict[str, Any], context: Any) -> None:
    for record in event["Records"]:
        for upload in json.loads(record["body"])["Records"]:
            bucket = upload["s3"]["bucket"]["name"]
            key = unquote_plus(upload["s3"]["object"]["key"])
            data = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            image = Image.open(io.BytesIO(data)).convert("L").resize((48, 48))
            file = io.BytesIO()
            image.save(file, "PNG")
            response = runtime.invoke_endpoint(
                EndpointName=ENDPOINT_NAME, ContentType="application/x-image", Body=file.getvalue()
            )
            answer = json.loads(response["Body"].read())
            probabilities = answer["faces"][0]["probabilities"]
            label = answer["labels"][probabilities.index(max(probabilities))]
            document = {"image": key, "label": label, "confidence": max(probabilities)}
            s3.put_object(
                Bucket=bucket, Key=f"{PREFIX}{key}.json", Body=json.dumps(document), ContentType="application/json"
            )

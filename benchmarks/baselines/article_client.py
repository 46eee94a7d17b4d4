"""The article's way for images in a bucket: a client reads each one, calls the function for it, and stores the answer.

The function is article.py. It runs in this process, so a pause stands for the call of Lambda.
"""

import base64
import json
import time
from typing import Any
from urllib.parse import unquote_plus

import boto3

from benchmarks.baselines import article
from benchmarks.latencies import LAMBDA_MS

PREFIX = "article/"
s3 = boto3.client("s3")


def handler(event: dict[str, Any], context: Any) -> None:
    """event: names the images, in the form that the other ways get."""
    for record in event["Records"]:
        for upload in json.loads(record["body"])["Records"]:
            bucket = upload["s3"]["bucket"]["name"]
            key = unquote_plus(upload["s3"]["object"]["key"])
            image = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            time.sleep(LAMBDA_MS / 1000)
            answer = article.handler({"body": base64.b64encode(image).decode()}, context)
            s3.put_object(Bucket=bucket, Key=f"{PREFIX}{key}.json", Body=answer["body"], ContentType="application/json")

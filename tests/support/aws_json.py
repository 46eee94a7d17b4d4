"""The frame of an imitated AWS service with a JSON protocol: checks requests, and writes answers and errors."""

import json
from datetime import datetime
from typing import Any, ClassVar

import botocore.session
from botocore import xform_name
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from tests.support.proxy import Reply

CONTENT_TYPE = {"Content-Type": "application/x-amz-json-1.1"}


class AwsError(Exception):
    """An error as AWS answers it. code: its name in the API reference."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


def refusal(message: str) -> AwsError:
    return AwsError("ValidationException", message)


class JsonService:
    """Answers the operations for which a subclass has a method of the name that boto3's client has too.

    A method has the request's parameters as keyword arguments and returns the answer. It raises AwsError to refuse.
    """

    service: ClassVar[str]

    def __init__(self) -> None:
        self.model: ServiceModel = botocore.session.Session().get_service_model(self.service)

    def reply(self, operation: str, parameters: dict[str, Any]) -> Reply:
        try:
            return Reply(200, encode(self.answer(operation, parameters)), CONTENT_TYPE)
        except AwsError as error:
            return Reply(400, encode({"__type": error.code, "message": str(error)}), CONTENT_TYPE)

    def answer(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        method = getattr(self, xform_name(operation), None)
        if operation not in self.model.operation_names or method is None:
            raise AwsError("UnknownOperationException", f"the imitation of {self.service} has no {operation}")
        report = ParamValidator().validate(parameters, self.model.operation_model(operation).input_shape)
        if report.has_errors():
            raise refusal(f"{operation}: {report.generate_report()}")
        answer: dict[str, Any] = method(**parameters)
        return answer


def encode(value: Any) -> bytes:
    return json.dumps(value, default=encode_time).encode()


def encode_time(value: datetime) -> float:
    """AWS's JSON protocols have times as seconds since 1970."""
    return value.timestamp()

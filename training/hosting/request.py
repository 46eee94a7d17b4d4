"""A request to AWS as a value, which can be planned, compared, printed, validated and sent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.validate import ParamValidator


@dataclass(frozen=True)
class AwsRequest:
    """One call of a boto3 client.

    service: the client's name in boto3, such as sagemaker.
    operation: the client's method, such as create_model.
    parameters: the method's parameters. A Path is replaced by the file's content when the request is sent.
    """

    service: str
    operation: str
    parameters: dict[str, Any]


def validate_request(request: AwsRequest, client: Any) -> None:
    """Raises ValueError if the parameters do not match botocore's description of the operation. Nothing is sent."""
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[request.operation])
    parameters = {key: b"" if isinstance(value, Path) else value for key, value in request.parameters.items()}
    report = ParamValidator().validate(parameters, model.input_shape)
    if report.has_errors():
        raise ValueError(f"{request.operation}: {report.generate_report()}")


def send_request(request: AwsRequest, client: Any) -> Any:
    """Sends the request and returns the answer. Raises botocore's ClientError and BotoCoreError."""
    files = {key: value.open("rb") for key, value in request.parameters.items() if isinstance(value, Path)}
    try:
        return getattr(client, request.operation)(**{**request.parameters, **files})
    finally:
        for file in files.values():
            file.close()


def printable_request(request: AwsRequest) -> dict[str, Any]:
    """Returns the request as a value for JSON, with the length of bytes and the path of files instead of content."""

    def printable(value: Any) -> Any:
        if isinstance(value, bytes):
            return f"<{len(value):,} bytes>"
        return f"<the file {value}>" if isinstance(value, Path) else value

    parameters = {key: printable(value) for key, value in request.parameters.items()}
    return {"service": request.service, "operation": request.operation, "parameters": parameters}

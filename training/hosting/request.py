"""A request to AWS as a value, which can be printed, compared, checked and sent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.validate import ParamValidator


@dataclass(frozen=True)
class Request:
    """service, operation: boto3's names; parameters: the operation's, where a Path stands for the file's content."""

    service: str
    operation: str
    parameters: dict[str, Any]


def check(request: Request, client: Any) -> None:
    """Raises ValueError where the parameters are not of the form that the service's description demands."""
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[request.operation])
    parameters = {key: b"" if isinstance(value, Path) else value for key, value in request.parameters.items()}
    report = ParamValidator().validate(parameters, model.input_shape)
    if report.has_errors():
        raise ValueError(f"{request.operation}: {report.generate_report()}")


def send(request: Request, client: Any) -> Any:
    """→ the answer. Raises botocore's ClientError and BotoCoreError."""
    files = {key: value.open("rb") for key, value in request.parameters.items() if isinstance(value, Path)}
    try:
        return getattr(client, request.operation)(**{**request.parameters, **files})
    finally:
        for file in files.values():
            file.close()


def printable(request: Request) -> dict[str, Any]:
    """As JSON shows it: content by its length, a file by its path."""

    def shown(value: Any) -> Any:
        if isinstance(value, bytes):
            return f"<{len(value):,} bytes>"
        return f"<the file {value}>" if isinstance(value, Path) else value

    parameters = {key: shown(value) for key, value in request.parameters.items()}
    return {"service": request.service, "operation": request.operation, "parameters": parameters}

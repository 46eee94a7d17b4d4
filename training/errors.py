"""Turns the errors of libraries into one sentence each, for the person who typed the command."""

import traceback
from typing import Any

from cli import explain_aws_error

# How to install what a command imports, by the name of the package.
INSTALL = {
    **dict.fromkeys(
        ("torch", "onnx", "matplotlib", "numpy", "PIL", "onnxruntime", "boto3", "botocore"), "make install-training"
    ),
    **dict.fromkeys(("sagemaker", "mlflow"), "make install-sagemaker"),
}
# Libraries whose RuntimeError is about a file, a device or the memory rather than about our code.
NATIVE = ("torch", "onnxruntime")

TYPES = ("bool", "int", "float", "str")


def explain_error(error: Exception) -> str | None:
    """Returns one sentence about an error that the user can act on; None if the error is unexpected.

    Our own errors are ValueError and OSError: their texts are sentences already.
    """
    package = type(error).__module__.partition(".")[0]
    if package in ("pydantic_core", "pydantic"):
        return explain_invalid_fields(error)
    if package in ("boto3", "botocore"):
        return explain_aws_error(error)
    if isinstance(error, ModuleNotFoundError):
        missing = (error.name or "").partition(".")[0]
        return f"{missing} is not installed: `{INSTALL[missing]}` installs it" if missing in INSTALL else None
    if isinstance(error, ValueError | OSError):
        return str(error)
    if package in NATIVE or (isinstance(error, RuntimeError) and raised_in(error) in NATIVE):
        return explain_native_error(str(error))
    return None


def explain_invalid_fields(error: Any) -> str:
    """Returns one sentence about a pydantic.ValidationError, with which the SageMaker SDK refuses a value.

    Pydantic's own text has several lines for each field, and an address of its documentation.
    """
    problems: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_context=False):
        # For a field with several types, the last part of a location is the name of one of them.
        path = [str(part) for part in problem["loc"] if str(part).replace("_", "").isalnum() and part not in TYPES]
        field = ".".join(path) or error.title
        problems.setdefault(field, f"{field} is {problem['input']!r:.60}: {decapitalize(problem['msg'])}")
    return f"the SageMaker SDK refuses the job: {'; '.join(problems.values())}"


def explain_native_error(text: str) -> str:
    """Returns one sentence about an error of PyTorch or ONNX Runtime, whose texts end with many lines for developers.

    `explain_native_error("CUDA out of memory. Tried to allocate 20.00 MiB.")` names the hyperparameters to reduce.
    """
    first = text.strip().splitlines()[0].rstrip(".") if text.strip() else "PyTorch gives no reason"
    if "out of memory" in text or "can't allocate memory" in text:
        return f"the memory is not enough: set a smaller batch-size, width or size of the images ({first[:200]})"
    if "no kernel image" in text or "driver" in text.lower():
        return f"the GPU does not fit the installed PyTorch: install the build for it ({first[:200]})"
    return first


def decapitalize(text: str) -> str:
    return text[:1].lower() + text[1:]


def raised_in(error: Exception) -> str:
    """Returns the package of the code that raised the error."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals.get("__name__", "")).partition(".")[0] if frames else ""

"""The context that Lambda passes to a handler."""

from aws_lambda_powertools.utilities.typing import LambdaContext


class Context(LambdaContext):
    """Has what the handlers and Powertools' logger read.

    seconds: time that is left until the function's timeout.
    """

    def __init__(self, seconds: float = 60) -> None:
        self.seconds = seconds
        self._function_name = "function"
        self._memory_limit_in_mb = 1024
        self._invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:function"
        self._aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override] # Powertools declares it as a static method.
        return round(self.seconds * 1000)

"""Types of the fixtures with which tests operate a stack (tests/integration/conftest.py)."""

import subprocess
from collections.abc import Callable

# Runs `python -m operate` with these arguments.
Operate = Callable[..., subprocess.CompletedProcess[str]]
# Sends a message to the dead-letter queue: its body and its reason, which is None if SQS moved it there.
SendDeadLetter = Callable[[str, str | None], None]

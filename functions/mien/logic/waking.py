"""Tells a model that is starting from one that is down: both do not answer a call in time.

A serverless endpoint that got no calls for some time stops its containers, and the next call starts one. That call is
answered when the model is loaded, which can take tens of seconds, or SageMaker answers with ModelNotReadyException.
Sources: Amazon SageMaker AI Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference" (cold starts);
botocore's reference, "ModelNotReadyException": "a serverless endpoint variant's resources are still being provisioned".
"""

import math
import time
from collections.abc import Callable
from threading import Lock

# Seconds. A model that has answered within this time is running, so its silence is a failure. AWS does not document how
# long a serverless container waits for its next call; reports name minutes.
PAUSE = 60.0
# Seconds without a call after one that got no answer. Each further call could start one more container.
REST = 5.0
# Seconds from the first call without an answer. A model that is silent for longer is down.
LONGEST_START = 180.0


class Waking:
    """When one endpoint answered and did not answer, as one process sees it. Safe to use from several threads.

    clock: returns seconds. Tests pass their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.lock = Lock()
        self.answered = -math.inf
        self.silent_since = math.inf
        self.last_silence = -math.inf
        self.is_starting = False

    def record_answer(self) -> None:
        with self.lock:
            self.answered = self.clock()
            self.silent_since = math.inf
            self.is_starting = False

    def record_silence(self, began: float) -> bool:
        """Records a call that got no answer in time. Returns whether the model may be starting.

        began: when the call was made, in the clock's seconds.
        """
        with self.lock:
            if began - self.last_silence > PAUSE:
                self.silent_since = math.inf
            self.silent_since = min(self.silent_since, began)
            self.last_silence = self.clock()
            had_paused = self.silent_since - self.answered > PAUSE
            self.is_starting = had_paused and self.last_silence - self.silent_since < LONGEST_START
            return self.is_starting

    def seconds_to_rest(self) -> float:
        """Returns the seconds until a starting model may be called again; 0 or less if it may be called now."""
        return self.last_silence + REST - self.clock() if self.is_starting else 0

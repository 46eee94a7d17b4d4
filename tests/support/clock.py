"""The clock of tests: it moves only when a test moves it, or when the code under test sleeps on it."""


class Clock:
    """Pass the object as `clock`, and its `sleep` as `sleep`.

    now: seconds.
    waits: seconds of each sleep, in order.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

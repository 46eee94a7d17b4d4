"""How many batches Lambda handles at the same time for a queue.

Source: AWS Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings": Lambda begins with
five batches at a time, and adds up to 300 per minute while messages are left, up to 1,250 or the mapping's
MaximumConcurrency. The guide does not say how fast Lambda goes back to five after that. Here it does not.
"""

FIRST = 5
ADDED_PER_SECOND = 300 / 60
MOST = 1250


class Pollers:
    """The batches of one event source mapping that may run at the same time.

    most: MaximumConcurrency.
    first: how many there are at the beginning.
    """

    def __init__(self, most: int, first: int = FIRST):
        self.most = min(most, MOST)
        self.count = min(first, self.most)

    @property
    def seconds_to_next(self) -> float | None:
        """Seconds until there is one more, if messages are left for that long; None if there are no more."""
        return 1 / ADDED_PER_SECOND if self.count < self.most else None

    def add(self) -> None:
        self.count = min(self.count + 1, self.most)

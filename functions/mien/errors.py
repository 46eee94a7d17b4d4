"""The three things that can be known of a failure. Whatever else is raised is a bug, and is to be seen as one."""


class Rejected(Exception):
    """This input can never be classified. Say why, and don't retry.

    reason: a code, the same for all inputs of one kind; detail: a sentence for whoever sent it.
    """

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


class TryAgain(Exception):
    """The same input may succeed later, with nothing changed. Bring it again."""


class OutOfTime(TryAgain):
    """There was too little time for it, this time."""


class Hopeless(Exception):
    """The input may be good, but it will fail until a person mends something else. To the dead letters with it."""

"""How long the function and the endpoint work on a batch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """All times in seconds.

    start: of a function's process, before its first batch.
    before, after: of the function for each batch, before it calls the endpoint and after the answer.
    image: of the function for each image, before it calls the endpoint.
    call: of the endpoint for each call.
    face: of the endpoint for each face.
    faces: per image.
    """

    start: float
    before: float
    after: float
    image: float
    call: float
    face: float
    faces: int = 1

    def until_call(self, images: int) -> float:
        return self.before + images * self.image

    def of_call(self, images: int) -> float:
        return self.call + images * self.faces * self.face

    def of_batch(self, images: int) -> float:
        """The time of a batch that waits for nothing."""
        return self.until_call(images) + self.of_call(images) + self.after

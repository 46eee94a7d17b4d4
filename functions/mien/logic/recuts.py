"""An image file and the faces in its document → the faces as the model saw them.

The document says which square each face is, so no detector is needed.
"""

from collections.abc import Sequence

from mien.logic.boxes import central_square, reduced, scale_square
from mien.logic.crops import SIDE
from mien.logic.images import open_image
from mien.logic.orientation import turn_size
from mien.logic.pictures import PREVIEW_PIXELS, Face, ModelInput, decode, read_whole, with_enough_pixels
from mien.logic.results import Result


def cut_again(data: bytes, faces: Sequence[Result], target: ModelInput) -> list[Face | None]:
    """Returns the pixels of each face of a document, None for those that are too small for a label.

    data: the image file that the document is about.
    faces: as `documents.faces_of` returns them. A face without a score is the central square of its image.

    The pixels are the ones that the model saw, if this version of Mien labelled the image.

    Raises Rejected.
    """
    image = open_image(data)
    if any("label" in face and "score" not in face for face in faces):
        [whole] = read_whole(image, target).faces
        return [whole.face]
    size = image.size
    decoded = decode(image, reduced(size, PREVIEW_PIXELS), is_gray=False)
    upright = turn_size(size, decoded.orientation)
    square = list(central_square(upright))
    heights = [height_of(face, square) for face in faces if "label" in face]
    decoded = with_enough_pixels(data, decoded, heights, upright, target)
    scale = decoded.upright[0] / upright[0]
    return [
        decoded.cut(scale_square(tuple(face["crop"]), scale), target, face.get("turn", 0)) if "label" in face else None
        for face in faces
    ]


def height_of(face: Result, central: list[int]) -> float:
    """Returns the height of an upright face, as the detector found it.

    A box ends at the image's edges, so the crop tells the height better. But a face that fills its image is cut out as
    the central square, which has another height.
    """
    if face["crop"] != central:
        return (face["crop"][2] - face["crop"][0]) / SIDE
    return face["box"][3] - face["box"][1]

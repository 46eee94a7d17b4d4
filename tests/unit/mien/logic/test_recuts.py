"""The faces of a document are cut out of the image again, byte for byte as the model saw them."""

import io

import pytest
from PIL import Image

from local.paths import ALL_SAMPLES, SAMPLES
from mien.logic.crops import FoundFace
from mien.logic.pictures import GRAY_48, Find, Picture, read_picture
from mien.logic.recuts import cut_again
from mien.logic.results import Result, describe_face
from tests.support.pictures import MODEL
from tests.support.sagemaker_runtime import EVEN

UPRIGHT, TURNED = FoundFace((100, 80, 180, 180), 0.9), FoundFace((300, 100, 380, 180), 0.8, 90)
AT_THE_EDGE, SMALL = FoundFace((-30, 200, 60, 330), 0.9), FoundFace((400, 300, 415, 320), 0.8)
LARGE, LITTLE = FoundFace((100, 50, 400, 390), 0.9), FoundFace((500, 300, 530, 330), 0.8)


def finding(*faces: FoundFace, width: int) -> Find:
    """Finds these faces in an image of this width, and in its smaller copies."""
    return lambda image: [face.scaled(image.width / width) for face in faces]


def described(picture: Picture) -> list[Result]:
    return [describe_face(found, (EVEN, MODEL) if found.face else None) for found in picture.faces]


def photo(kind: str, scale: int, orientation: int = 1) -> bytes:
    """The sample photo of a group, at 640x480 times `scale`, and as EXIF says."""
    with Image.open(ALL_SAMPLES / "photos" / "group.jpg") as image:
        resized = image.resize((640 * scale, 480 * scale))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    resized.save(file, kind, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("faces", [(UPRIGHT, TURNED), (AT_THE_EDGE, SMALL), (LARGE, LITTLE), ()], ids=str)
@pytest.mark.parametrize(("kind", "scale"), [("JPEG", 1), ("PNG", 1), ("JPEG", 6)])
def test_the_pixels_are_those_that_the_model_saw(faces: tuple[FoundFace, ...], kind: str, scale: int) -> None:
    data = photo(kind, scale)
    large = [face.scaled(scale) for face in faces]
    picture = read_picture(data, GRAY_48, finding(*large, width=640 * scale))
    assert cut_again(data, described(picture), GRAY_48) == [found.face for found in picture.faces]


def test_an_image_that_exif_turns_is_turned() -> None:
    data = photo("JPEG", 2, orientation=6)
    picture = read_picture(data, GRAY_48, finding(FoundFace((200, 300, 400, 520), 0.9), width=960))
    assert cut_again(data, described(picture), GRAY_48) == [found.face for found in picture.faces]


def test_a_face_that_fills_its_image_is_the_central_square() -> None:
    data = photo("JPEG", 3)
    picture = read_picture(data, GRAY_48, finding(FoundFace((260, 20, 1660, 1430), 0.9), width=1920))
    assert picture.faces[0].crop == (240, 0, 1680, 1440)
    assert cut_again(data, described(picture), GRAY_48) == [found.face for found in picture.faces]


def test_an_image_that_was_labelled_whole_is_cut_whole() -> None:
    for data in (photo("JPEG", 1), (SAMPLES / "happy" / "1.png").read_bytes()):
        picture = read_picture(data, GRAY_48, None)
        assert cut_again(data, described(picture), GRAY_48) == [picture.faces[0].face]
    # A result of schema 1 has one label, and neither a box nor a crop.
    [face] = picture.faces
    assert cut_again(data, [{"label": "happy", "confidence": 0.5}], GRAY_48) == [face.face]

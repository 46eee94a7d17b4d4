"""Opens the viewer with photos and documents that a test has stored, whatever the results show."""

from collections.abc import Sequence

from playwright.sync_api import Locator, expect

from .photos import Photo
from .visitor import TIMEOUT_MS, Visitor

# `steps` keeps what the viewer said at each step: the positions of the image and of the chosen face.
OPEN = """async ([names, first, face]) => {
  const load = name => import(new URL(`${name}.js`, document.querySelector("script[src]").src).href);
  const [{ openViewer }, { getResult }] = [await load("viewer/image-viewer"), await load("api/api")];
  const documents = await Promise.all(names.map(name => getResult(name)));
  const entries = documents.map((document, index) => ({
    name: names[index],
    outcome: { document, state: document.status, reason: document.detail ?? "" },
    openPicture: () => ({ url: document.image.url ?? "", close() {} }),
  }));
  globalThis.steps = [];
  const options = {
    onMove: (...place) => steps.push(place),
    onClose: (...place) => steps.push(["closed", ...place]),
  };
  openViewer(entries, first, face === null ? options : { ...options, face });
}"""


def open_photos(
    visitor: Visitor, folder: str, photos: Sequence[Photo], first: int = 0, face: int | None = None
) -> Locator:
    """Opens the viewer and waits for the picture.

    first: position of the photo that is shown first.
    face: position of the face that is chosen first.
    """
    names = [folder + photo.name for photo in photos]
    visitor.page.evaluate(OPEN, [names, first, face])
    viewer = visitor.page.get_by_role("dialog")
    expect(viewer.get_by_role("heading", level=2)).to_have_text(names[first])
    expect(viewer.get_by_role("img").first).not_to_have_js_property("naturalWidth", 0, timeout=TIMEOUT_MS)
    return viewer


def faces_of(viewer: Locator) -> Locator:
    """The buttons of the strip."""
    return viewer.get_by_role("list", name="Faces, largest first").get_by_role("button")


def steps_of(visitor: Visitor) -> list[list[int | str]]:
    steps: list[list[int | str]] = visitor.page.evaluate("steps")
    return steps

"""Measures how long photos take, from the file to the faces, and how many pass through the inbox in a second.

    .venv/bin/python benchmarks/photos.py [--photos N]

The photo is samples/photos/group.jpg, enlarged to the sizes that phones have, with noise so that its file is as large
as theirs. The time of one photo is the function's own code in this process. For the inbox, template.yaml is deployed
into MiniStack, and the real functions and the real model classify copies of the photo. Writes photos.md.
"""

import argparse
import io
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image
from rich.console import Console
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.report import write_page
from local.demo import PATIENCE, classify_folder
from local.paths import ALL_SAMPLES, DETECTOR, FUNCTIONS, ROOT
from local.stack import start_application
from mien.logic.boxes import reduced
from mien.logic.images import open_image
from mien.logic.pictures import GRAY_48, PREVIEW_PIXELS, decode, make_preview, read_face, read_picture
from mien.pipeline.pictures import load_finder

GROUP = ALL_SAMPLES / "photos" / "group.jpg"
# Width and height in pixels, by megapixels.
SIZES = {2: (1732, 1097), 12: (4352, 2756), 48: (8704, 5513)}
REPEATS = 20
# Megapixels of the photos that go through the inbox.
INBOX = 12

T = TypeVar("T")


@dataclass(frozen=True)
class Times:
    """The medians of one photo's times, in milliseconds of one processor. size: of its file, in bytes."""

    megapixels: int
    size: int
    faces: int
    decoding: float
    finding: float
    whole: float
    everything: float
    peak: int


def enlarge(size: tuple[int, int], seed: int = 0) -> bytes:
    """A JPEG of the group photo in another size, with noise."""
    with Image.open(GROUP) as group:
        large = group.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    noise = Image.effect_noise(size, 20 + seed % 5).convert("RGB")
    file = io.BytesIO()
    Image.blend(large, noise, 0.08).save(file, "JPEG", quality=88)
    return file.getvalue()


def timed(step: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds of processor time, median of REPEATS, and what the step returns."""
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        result = step()
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times), result


def measure(megapixels: int) -> Times:
    data = enlarge(SIZES[megapixels])
    find = load_finder(DETECTOR).find

    def make_copy() -> Image.Image:
        image = open_image(data)
        return make_preview(decode(image, reduced(image.size, PREVIEW_PIXELS), is_gray=False))

    decoding, copy = timed(make_copy)
    finding, found = timed(lambda: find(copy))
    whole, _ = timed(lambda: read_face(data))
    everything, picture = timed(lambda: read_picture(data, GRAY_48, find))
    assert picture.faces_found == len(found)
    return Times(megapixels, len(data), len(found), decoding, finding, whole, everything, peak_memory(data))


READ_ONE = """
import sys
from local.paths import DETECTOR
from mien.logic.pictures import GRAY_48, read_picture
from mien.pipeline.pictures import load_finder
from tests.support.peak import peak_memory
data = sys.stdin.buffer.read()
find = load_finder(DETECTOR).find
for _ in range(3):
    read_picture(data, GRAY_48, find)
print(peak_memory())
"""


def peak_memory(data: bytes) -> int:
    """Megabytes that a process needs at most to read a photo three times."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (FUNCTIONS, ROOT)))}
    ran = subprocess.run([sys.executable, "-c", READ_ONE], input=data, capture_output=True, check=True, env=environment)
    return int(ran.stdout)


def through_the_inbox(photos: int, megapixels: int) -> tuple[float, int]:
    """Photos per second, and the faces that were labelled."""
    with tempfile.TemporaryDirectory() as folder:
        for number in track(range(photos), description="drawing"):
            (Path(folder) / f"{number:04}.jpg").write_bytes(enlarge(SIZES[megapixels], number))
        with start_application() as cloud:
            done = classify_folder(cloud, Path(folder), Console(stderr=True), PATIENCE)
    if done.missing:
        sys.exit(f"{len(done.missing)} photos have no document")
    faces = sum("label" in face for document in done.documents.values() for face in document["faces"])
    return photos / done.seconds, faces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=200, help="photos that go through the inbox (default: 200)")
    arguments = parser.parse_args()
    rows = [measure(megapixels) for megapixels in track(SIZES, description="measuring")]
    rate, faces = through_the_inbox(arguments.photos, INBOX)
    command = ".venv/bin/python benchmarks/photos.py"
    write_page(__file__, "Photos", table(rows), notes(arguments.photos, rate, faces), command)


def table(rows: list[Times]) -> list[str]:
    return [
        "| photo, megapixels | file, MB | faces | small copy, ms | finding, ms | all, ms | central square only, ms | "
        "peak memory, MB |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {row.megapixels} | {row.size / 1e6:.1f} | {row.faces} | {row.decoding:.0f} | {row.finding:.0f} | "
            f"{row.everything:.0f} | {row.whole:.0f} | {row.peak} |"
            for row in rows
        ),
    ]


def notes(photos: int, rate: float, faces: int) -> str:
    version = f"{platform.python_implementation()} {platform.python_version()}"
    return f"""
        One photo of the sample group, enlarged. "Small copy" is the decoding of about {PREVIEW_PIXELS:,} pixels, in
        which faces are looked for. "All" is the whole way from the file to the pixels of each face that the model sees,
        with a second decoding where the faces need more pixels. "Central square only" is what the template's parameter
        Faces=whole does. The times are processor time, the median of {REPEATS} runs. The model's own time is not in
        them.

        Through the inbox of the embedded cloud, {photos} photos of {INBOX} megapixels came back at {rate:.1f} photos
        per second with {faces:,} labelled faces, including cold starts. The functions, the model, S3 and the queue
        share this machine's cores.

        Measured with {version} on an {platform.machine()} machine that also did other work. A function with 1,024 MB
        has about half a core, so its times are longer.
    """


if __name__ == "__main__":
    main()

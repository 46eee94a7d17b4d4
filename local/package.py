"""Zips what `sam build` builds: the functions' package and the layer.

The layer's archive does not have its packages. The embedded cloud's functions run on the Python that runs this code,
and requirements/local.in installs the same versions for it.
"""

import io
import zipfile
from pathlib import Path

from local.paths import FUNCTIONS, LAYER

# In the zip file of a layer, the folder that Lambda puts on Python's path.
LAYER_FOLDER = "python"


def zip_functions() -> bytes:
    return zip_folder(FUNCTIONS)


def zip_layer() -> bytes:
    return zip_folder(LAYER, LAYER_FOLDER)


def zip_folder(folder: Path, prefix: str = "") -> bytes:
    """Returns a zip file of a folder, without compiled modules.

    prefix: folder in the zip file, or an empty string.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            zipped.write(path, prefix / path.relative_to(folder))
    return archive.getvalue()

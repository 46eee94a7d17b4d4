"""Model archives for tests."""

import tarfile
from pathlib import Path


def create_archive(folder: Path, *names: str) -> Path:
    """Writes model.tar.gz with files of these names, and returns its path."""
    path = folder / "model.tar.gz"
    content = folder / "content"
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            content.write_text(name)
            archive.add(content, name)
    return path

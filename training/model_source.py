"""Finds a model by one word. `make demo`, `evaluate` and `deploy` accept the same words.

The word names one of these, and the first that exists is taken:
    a folder with model.json
    a job's folder, such as build/jobs/JOB, or the bare name of a job below build/jobs
    a model.tar.gz, or a model file with its model.json beside it
    s3://BUCKET/KEY/model.tar.gz, or the name of a SageMaker training job, with an AWS account

Only the standard library is imported here, because `local` finds its models in the same way.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.model_archive import NoModel, unpack_archive

# Where `launch --local` makes the folders of its jobs.
JOBS = Path("build/jobs")
CONTRACT = "model.json"
# Files with a network: ONNX, and TorchScript by its three usual names.
NETWORKS = frozenset({".onnx", ".pt", ".pth", ".ts"})
DEFAULT_NETWORK = "model.onnx"
# What is in a job's folder from its start: its record, or the folders of a training container.
JOB_MARKS = ("job.json", "log.txt", "checkpoints")


@contextlib.contextmanager
def find_model(source: str | Path, jobs: Path = JOBS) -> Iterator[Path]:
    """Yields the folder of a model: it has model.json and the network's file.

        with find_model("build/jobs/JOB") as folder: ...

    source: as in the text above.
    jobs: the folder with the jobs of this machine.

    An archive is unpacked into a temporary folder, which is deleted when the block ends.
    Raises NoModel, with a sentence that says what was found and what to do, if there is no complete model.
    """
    with tempfile.TemporaryDirectory(prefix="mien-model-", ignore_cleanup_errors=True) as scratch:
        try:
            folder = locate(str(source), jobs, Path(scratch))
        except OSError as error:
            raise NoModel(f"{source} cannot be read: {error.strerror or error}") from None
        yield folder


def locate(source: str, jobs: Path, scratch: Path) -> Path:
    """As `find_model`. scratch: an empty folder for what is downloaded and unpacked."""
    if not source.strip():
        raise NoModel("the name of the model is blank: give a folder, a job or a file")
    if source.startswith("s3://"):
        return download(source, scratch)
    path, job = Path(source), jobs / source
    is_bare = source not in (".", "..") and "/" not in source
    if path.is_dir():
        return model_in_folder(path, scratch)
    if path.exists():
        return model_of_file(path, scratch)
    if is_bare and job.is_dir():
        return model_in_folder(job, scratch)
    tried = f"there is no file or folder {source}" + (f", and no job {job}" if is_bare else "")
    if not is_bare or path.suffix in {".gz", ".tgz", ".json", *NETWORKS}:
        raise NoModel(tried)
    return download(source, scratch, tried)


def download(source: str, scratch: Path, tried: str = "") -> Path:
    """Downloads and unpacks the artifact of a SageMaker training job, or an object in S3.

    tried: what was looked for on this machine before.
    """
    try:
        from training import model_download
    except ModuleNotFoundError as error:
        needs = f"{source} needs AWS, and {error.name} is not installed"
        raise NoModel(f"{tried}; {needs}" if tried else needs) from None
    archive = model_download.download_artifact(source, scratch / "model.tar.gz", tried)
    return model_of_archive(archive, scratch, source)


def model_in_folder(folder: Path, scratch: Path) -> Path:
    """Returns the folder of the model that is in a folder, or that a job with this folder has written."""
    if (folder / CONTRACT).is_file():
        return checked(folder, str(folder))
    model, archive = folder / "model", folder / "output" / "model.tar.gz"
    if (model / CONTRACT).is_file():
        return checked(model, str(model))
    if archive.is_file():
        return model_of_archive(archive, scratch, str(archive))
    if any((folder / mark).exists() for mark in JOB_MARKS):
        raise NoModel(
            f"job {folder} has not written a model yet: it writes one after its first epoch; {folder / 'log.txt'} "
            "shows how far it is"
        )
    networks = [path for path in sorted(folder.iterdir()) if path.suffix in NETWORKS]
    if networks:
        raise NoModel(without_contract(networks[0]))
    raise NoModel(f"{folder} has no {CONTRACT}: give the folder of a model, or of a job, such as {JOBS}/JOB")


def model_of_file(path: Path, scratch: Path) -> Path:
    """Returns the folder of the model whose archive, network or model.json this file is."""
    if path.suffix in NETWORKS:
        folder = path.parent
        if not (folder / CONTRACT).is_file():
            raise NoModel(without_contract(path))
        described = network_name(read_contract(folder))
        if described != path.name:
            raise NoModel(f'{folder / CONTRACT} describes {described}, not {path.name}: its key "file" names the file')
        return checked(folder, str(folder))
    if path.name == CONTRACT:
        return checked(path.parent, str(path.parent))
    return model_of_archive(path, scratch, str(path))


def model_of_archive(archive: Path, scratch: Path, source: str) -> Path:
    """Unpacks a model.tar.gz, and returns its folder. source: its name in errors."""
    folder = unpack_archive(archive, scratch / "model", source)
    if not (folder / CONTRACT).is_file():
        inner = sorted(path.parent.relative_to(folder) for path in folder.glob(f"*/{CONTRACT}"))
        if inner:
            raise NoModel(
                f"{source} has its {CONTRACT} in the folder {inner[0]}, and SageMaker reads it at the top: pack it "
                f"again with `tar -C {inner[0]} -czf model.tar.gz .`"
            )
        names = sorted(path.name for path in folder.iterdir())
        raise NoModel(
            f"{source} has no {CONTRACT}, only {listed(names)}: unpack it, write one with `python -m training describe "
            "MODEL`, and give the folder"
        )
    return checked(folder, source)


def checked(folder: Path, source: str) -> Path:
    """Returns the folder if the network's file is in it too. source: its name in errors."""
    name = network_name(read_contract(folder, source))
    if not (folder / name).is_file():
        raise NoModel(f"{source} has no {name}, which its {CONTRACT} describes")
    return folder


def read_contract(folder: Path, source: str | None = None) -> dict[str, Any]:
    """Returns the content of model.json. source: the folder's name in errors."""
    name = f"{source or folder}/{CONTRACT}"
    try:
        contract = json.loads((folder / CONTRACT).read_bytes())
    except OSError as error:
        raise NoModel(f"{name} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise NoModel(f"{name} is not JSON: {error}") from None
    if not isinstance(contract, dict):
        raise NoModel(f"{name} is not a JSON object: `python -m training describe MODEL` writes one")
    return contract


def network_name(contract: dict[str, Any]) -> str:
    """The name of the network's file, as model.json states it."""
    name = contract.get("file", DEFAULT_NETWORK)
    if not isinstance(name, str) or Path(name).name != name or Path(name).suffix not in NETWORKS:
        raise NoModel(
            f'{CONTRACT} has "file": {name!r}, which is not the name of a file beside it that ends in '
            f"{', '.join(sorted(NETWORKS))}"
        )
    return name


def without_contract(network: Path) -> str:
    return (
        f"{network} has no {CONTRACT} beside it, which says what its inputs and outputs mean: write one with "
        f"`python -m training describe {network}`"
    )


def listed(names: list[str], most: int = 5) -> str:
    """The first names, as a part of a sentence."""
    shown = ", ".join(names[:most]) or "nothing"
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown

"""Finds the data of a job on this machine: a folder that `prepare` has written."""

from pathlib import Path

from training.jobs.recipe import Recipe

# `prepare` writes into a folder below it.
BUILD = Path("build")
# The options of `prepare` that write what it does not write by default, by the endings of their files, or by how
# their folders begin.
OPTIONS = {"--records": (".rec", ".idx"), "--folders": (".lst",)}
FOLDERS = "FacialExpressions"


def option_that_writes(path: str) -> str:
    """Returns the option of `prepare` that writes what a channel reads, such as " --folders"; empty without one.

    path: of a channel, below the folder that `prepare` writes.
    """
    if path.startswith(FOLDERS):
        return " --folders"
    return next((f" {option}" for option, endings in OPTIONS.items() if path.rstrip("/").endswith(endings)), "")


def find_data(recipe: Recipe, build: Path = BUILD) -> Path:
    """Returns the only folder below `build` that has what the recipe's channels read.

    Raises ValueError if there is none, or if there are several: a job must not train on other data than was meant.
    """
    found = [
        folder
        for folder in sorted(build.glob("*/"))
        if all((folder / path).exists() for path in recipe.channels.values())
    ]
    if not found:
        raise ValueError(
            f"no folder below {build} has prepared data: make it with `python -m training prepare "
            f"{recipe.prepare.split()[0]}`, or name its folder with --data"
        )
    if len(found) > 1:
        raise ValueError(
            f"{' and '.join(str(folder) for folder in found)} have prepared data: choose one with --data FOLDER"
        )
    return found[0]

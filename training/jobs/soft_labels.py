"""The soft labels that a job learns: the hyperparameter soft-labels, and their file in the channel train."""

from training.jobs.recipe import Recipe

OPTION = "soft-labels"
CHANNEL = "train"
# As in training/container/soft_labels.py, which imports PyTorch.
FILE = "soft_labels.npz"


def soft_labels_path(recipe: Recipe) -> str | None:
    """Returns where the job reads soft labels, below its data; None if it learns from the labels alone."""
    if recipe.algorithm or not float(recipe.hyperparameters.get(OPTION, 0)):
        return None
    return f"{recipe.channels[CHANNEL].rstrip('/')}/{FILE}"


def missing_soft_labels(place: str) -> str:
    """Returns the sentence for a job whose file is missing. place: the path, or the address in S3, of the file."""
    return (
        f"{place} is missing, and the recipe learns soft labels: write them with `python -m training soft-labels DATA "
        f"MODEL...`{', and send them with `python -m training upload`' if place.startswith('s3://') else ''}; `--set "
        f"{OPTION}=0` learns from the labels alone"
    )

"""Whether a job can go on: an interrupted job until its last epoch, and a completed one for more epochs."""

from collections.abc import Mapping

from training.jobs.job import ENDED, TrainingJob
from training.jobs.recipe import Recipe, Value
from training.jobs.recipe_file import override_recipe


def continued_recipe(recipe: Recipe, job: TrainingJob, settings: Mapping[str, Value]) -> Recipe:
    """Returns the recipe with which a job goes on.

    recipe: the job's own, as it was started.
    settings: hyperparameters of the command line. Only epochs may be among them, for a job that has completed.
    Raises ValueError if the job runs, or if there is nothing to do.
    """
    if others := sorted(set(settings) - {"epochs"}):
        raise ValueError(
            f"--set {', '.join(others)}: a job resumes with its own recipe, options and data. Only epochs can be set, "
            "to continue a completed job"
        )
    if job.status not in ENDED:
        raise ValueError(f"{job.name} is running already: wait until it has ended, or stop it")
    epochs = job.total_epochs
    if "epochs" not in settings:
        if job.status == "Completed":
            raise ValueError(
                f"{job.name} has completed: continue it for more than its {epochs} epochs with --set epochs="
                f"{2 * (epochs or 1)}, for example"
            )
        return recipe
    if not recipe.script:
        raise ValueError(f"{job.name} ran the built-in algorithm: only jobs of our script can continue for more epochs")
    result = override_recipe(recipe, settings)
    if job.status != "Completed":
        raise ValueError(
            f"{job.name} has not completed its {epochs} epochs yet: resume it without --set first, and then continue it"
        )
    if int(result.hyperparameters["epochs"]) <= (epochs or 0):
        raise ValueError(f"--set epochs={settings['epochs']}: {job.name} was begun for {epochs} epochs, so give more")
    return result

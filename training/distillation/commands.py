"""The command that lets teachers label the training images: soft-labels."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from training.jobs.group import is_group, read_group
from training.model_source import JOBS, find_model


def soft_labels(
    data: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, metavar="DATA", help="The folder that `prepare` wrote."),
    ],
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="The teachers, each by one word as for `evaluate`: a job below build/jobs, a folder with model.json, "
            "a model.tar.gz, s3://BUCKET/KEY/model.tar.gz, or a SageMaker training job. A group of seeds names all its "
            "jobs.",
        ),
    ],
    copies: Annotated[
        int, typer.Option(min=0, max=100, help="Changed copies of each image that are labelled too.")
    ] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the changes.")] = 0,
) -> None:
    """Let models label the training images with probabilities, from which a smaller network learns.

    Averages the probabilities of all models, for each image, its mirror image, and copies that are a little shifted,
    turned, scaled, lighter or darker. Writes them to DATA/train/soft_labels.npz, which the option --soft-labels of
    train.py reads.

    Prints how good the teachers and their average are on the validation images, with and without the mirror image, and
    how often they agree with the labels of the training images.

    What each model has answered is kept in DATA/.teachers: after an interruption, and with more models or copies, only
    what is missing is computed.

    \b
    Example:
      python -m training soft-labels build/fer2013 JOB JOB --copies 8
      python -m training launch lean --local --data build/fer2013
    """
    from training.distillation.display import print_result, print_slow
    from training.distillation.figures import measure_teachers
    from training.distillation.output import write_soft_labels
    from training.distillation.passes import Passes
    from training.distillation.teachers import load_teacher
    from training.evaluation.channels import HELD_OUT, TRAINING, load_channel
    from training.evaluation.display import counting
    from training.evaluation.sources import name_of

    words = [job for word in models for job in jobs_of_group(word)]
    if len(set(words)) < len(words):
        raise ValueError("a model is named twice: it would count twice in the average")
    channels = {name: load_channel(data / name) for name in (TRAINING, HELD_OUT)}
    training, held_out = channels[TRAINING], channels[HELD_OUT]
    with contextlib.ExitStack() as stack:
        folders = [stack.enter_context(find_model(word)) for word in words]
        names = [word if word.startswith("s3://") else name_of(Path(word)) for word in words]
        teachers = [load_teacher(folder, name, channels, data) for folder, name in zip(folders, names, strict=True)]
        print_slow(teachers)
        of_training, of_held_out = Passes(data, training, seed, copies), Passes(data, held_out, seed, copies=0)
        missing = sum(passes.count_missing(teacher) for passes in (of_training, of_held_out) for teacher in teachers)
        with counting("labelling", missing) as progress:
            measured = [of_held_out.answers(teacher, 0, progress) for teacher in teachers]
            labelled = [of_training.average(teacher, progress) for teacher in teachers]
    figures = measure_teachers(names, measured, held_out, labelled, training)
    path = write_soft_labels(data, teachers, labelled, figures, training, copies, seed)
    print_result(figures, teachers, data, path)


def jobs_of_group(word: str) -> list[str]:
    """Returns the folders of all jobs of a group of seeds; the word itself if it is no group."""
    for folder in (Path(word), JOBS / word):
        if is_group(folder):
            return [str(root) for _, root in read_group(folder).jobs()]
    return [word]

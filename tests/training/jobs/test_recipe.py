"""Recipes describe training jobs, and are validated before anything costs money."""

import dataclasses
from pathlib import Path

import pytest

import train
from training.data.prepare import prepare
from training.jobs.recipe import Tuning
from training.jobs.recipe_file import RECIPES, load_recipe, override_recipe, recipe_names
from training.jobs.recipe_rules import family_of, validate_recipe

ARTICLE = {
    "epochs": 30,
    "image_shape": "3,224,224",
    "learning_rate": 0.0001,
    "mini_batch_size": 32,
    "num_classes": 7,
    "num_layers": 101,
    "num_training_samples": 22739,
    "optimizer": "sgd",
    "resize": 256,
    "use_pretrained_model": 1,
}


def test_the_articles_three_jobs_have_its_hyperparameters() -> None:
    assert load_recipe("article-1").hyperparameters == ARTICLE
    second = {"num_layers": 152, "epochs": 5, "num_training_samples": 10602}
    assert load_recipe("article-2").hyperparameters == ARTICLE | second
    assert load_recipe("article-3").hyperparameters == ARTICLE | {"epochs": 15, "num_training_samples": 10602}


def test_the_articles_sweep_is_three_depths_by_two_learning_rates() -> None:
    sweep = load_recipe("article-sweep")
    assert sweep.hyperparameters["epochs"] == 6
    assert sweep.tuning
    assert sweep.tuning.definitions == {"num_layers": [50, 101, 152]}
    assert [float(value) for value in sweep.tuning.values["learning_rate"]] == [0.0001, 0.00001]
    assert sweep.tuning.objective == "validation:accuracy"
    assert "--training-cap 1000 --validation-cap 500" in sweep.prepare
    assert load_recipe("article-final").hyperparameters["epochs"] == 30


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_uses_options_that_prepare_has(name: str) -> None:
    parameters = prepare.__annotations__
    for word in load_recipe(name).prepare.split():
        if word.startswith("--"):
            option = word.removeprefix("--").removeprefix("no-").replace("-", "_")
            assert word.removeprefix("--").replace("-", "_") in parameters or option in parameters


@pytest.mark.parametrize("name", [name for name in recipe_names() if load_recipe(name).script])
def test_our_recipes_hyperparameters_are_options_of_train_py(name: str) -> None:
    hyperparameters = load_recipe(name).hyperparameters
    options = [word for key, value in hyperparameters.items() for word in (f"--{key}", str(value))]
    chosen = vars(train.parse_arguments(["--train", ".", "--validation", ".", "--model-dir", ".", *options]))
    assert {key.replace("-", "_"): value for key, value in hyperparameters.items()}.items() <= chosen.items()


@pytest.mark.parametrize(
    ("instance_type", "reason"),
    [
        ("ml.p2.xlarge", "is retired"),
        ("ml.p3.2xlarge", "has a GPU of compute capability 7.0, which the training image's PyTorch no longer supports"),
        ("ml.p3dn.24xlarge", "has GPUs of compute capability 7.0"),
        ("ml.m5.large", "is not a GPU instance"),
        ("g5", "is not a GPU"),
    ],
)
def test_an_instance_type_that_cannot_train_is_refused_and_usable_ones_are_listed(
    instance_type: str, reason: str
) -> None:
    for name in ("article-1", "resnet"):
        with pytest.raises(ValueError, match=f"{instance_type} {reason}.*ml.g4dn.xlarge"):
            override_recipe(load_recipe(name), {}, instance_type=instance_type)


@pytest.mark.parametrize("name", [name for name in recipe_names() if load_recipe(name).script])
def test_our_recipes_train_on_gpus_that_multiply_bfloat16(name: str) -> None:
    assert family_of(load_recipe(name).compute.instance_type) in {"g5", "g6"}


def test_our_script_trains_on_gpus_that_the_built_in_algorithm_does_not_support() -> None:
    recipe = override_recipe(load_recipe("resnet"), {}, instance_type="ml.g6.xlarge")
    assert recipe.compute.instance_type == "ml.g6.xlarge"
    with pytest.raises(ValueError, match=r"ml\.g6\.xlarge is not a GPU instance type that this job can train on"):
        override_recipe(load_recipe("article-1"), {}, instance_type="ml.g6.xlarge")


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("epochs = 30", "epoch = ", "Invalid value"),
        (
            'algorithm = "image-classification"',
            'algorithm = "xgboost"',
            "'xgboost' is not supported: use 'image-classification'",
        ),
        ('algorithm = "image-classification"', "", "a recipe needs either an algorithm or a script"),
        ("resize = 256", "resize = 224", "resize must be larger than 224"),
        ("num_classes = 7", "", "num_classes is missing"),
        ("num_layers = 101", "num_layers = 100", "num_layers 100: pretrained networks have"),
        ('image_shape = "3,224,224"', 'image_shape = "3,48,48"', "pretrained networks require 3,224,224"),
        ('image_shape = "3,224,224"', 'image_shape = "224"', "image_shape: '224' is not CHANNELS,HEIGHT,WIDTH"),
        ("num_layers = 101", 'num_layers = "deep"', "num_layers: 'deep' is not a whole number"),
        (
            "num_layers = 101",
            "layers = 101",
            "layers is not a hyperparameter of the built-in algorithm: did you mean num_layers?",
        ),
        ("max_hours = 24", "max_hours = 700", "max_hours is 700: SageMaker accepts up to 672"),
        ("volume_gb = 50", "volume = 50", r"\[compute\] volume is not a known key: use instance_type"),
        ('instance_type = "ml.g4dn.xlarge"', "", r"\[compute\] instance_type is missing"),
        (
            "max_hours = 24",
            "max_hours = 24\nspot = true\nmax_wait_hours = 2",
            "max_wait_hours must be at least max_hours",
        ),
    ],
)
def test_a_recipe_that_sagemaker_would_refuse_is_refused_here(
    before: str, after: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((RECIPES / "article-1.toml").read_text().replace(before, after))
    with pytest.raises(ValueError, match=f"mine.toml: .*{reason}"):
        load_recipe(str(path))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("epochs", 0, "epochs: 0 is less than 1"),
        ("epochs", 2.5, "epochs: '2.5' is not a whole number"),
        ("epoch", 3, "epoch is not a hyperparameter of train.py: did you mean epochs"),
        ("depth", 19, "depth: 19 is not possible: choose one of 10, 18, 34"),
        ("learning-rate", -0.1, "learning-rate: -0.1 is not a finite number of 0 or more"),
        ("learning-rate", 0, "learning-rate: 0 is not more than 0"),
        ("label-smoothing", 1, "label-smoothing: 1 is not less than 1"),
        ("votes", "yes", "votes: 'yes' is not a number"),
        ("augment", "mirror,blur", "augment: blur is unknown; choose from mirror, shift"),
    ],
)
def test_hyperparameters_that_our_script_would_refuse_are_refused_before_anything_starts(
    name: str, value: str | float, reason: str
) -> None:
    with pytest.raises(ValueError, match=rf"\[hyperparameters\] {reason}"):
        override_recipe(load_recipe("resnet"), {name: value})


def test_each_value_of_a_grid_is_checked() -> None:
    sweep = dataclasses.replace(
        load_recipe("resnet"), tuning=Tuning("validation:accuracy", values={"learning-rate": [0.1, -1]})
    )
    with pytest.raises(ValueError, match="learning-rate: -1"):
        validate_recipe(sweep)


def test_several_instances_that_would_each_train_alone_are_refused() -> None:
    with pytest.raises(ValueError, match="instance_count is 2, but each instance would train the same network alone"):
        override_recipe(load_recipe("resnet"), {}, instance_count=2)
    assert override_recipe(load_recipe("resnet-deep"), {}, instance_count=2).compute.instance_count == 2


def test_the_error_for_an_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no recipe .article-4.: choose one of article-1, .*resnet"):
        load_recipe("article-4")


def test_the_recipe_for_own_images_needs_nothing_of_fer2013() -> None:
    recipe = load_recipe("small")
    assert recipe.prepare == "FOLDER"
    assert "votes" not in recipe.hyperparameters
    assert 0 < int(recipe.hyperparameters["patience"]) < int(recipe.hyperparameters["epochs"])

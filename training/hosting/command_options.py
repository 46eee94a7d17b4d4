"""Options of the commands that deploy a model: their names, defaults and help."""

from typing import Annotated

import typer

from training.hosting.options import (
    DEFAULT_CALLS_PER_MINUTE,
    DEFAULT_CONCURRENCY,
    DEFAULT_MAX_INSTANCES,
    DEFAULT_MEMORY_MB,
    ContainerKind,
)

ContainerOption = Annotated[
    ContainerKind | None,
    typer.Option(
        show_default="what fits SOURCE",
        help="The container that serves the model. stock: SageMaker's for PyTorch, which installs ONNX Runtime at "
        "every start. slim: training/container/Dockerfile, which you build and push; it starts faster. built-in: "
        "SageMaker's image classification, for models that it has trained.",
    ),
]
ImageOption = Annotated[
    str | None, typer.Option(metavar="URI", help="The container's image in Amazon ECR, in the endpoint's region.")
]
LabelsOption = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,C",
        show_default="the template's default of Labels",
        help="built-in: the names of the outputs, in their order. Other models have them in model.json.",
    ),
]
ServerlessOption = Annotated[
    bool,
    typer.Option(
        "--serverless",
        help="Pay per call, and nothing between calls. The first call after a pause waits for a container to "
        "start. This is the default.",
    ),
]
MemoryOption = Annotated[
    int | None,
    typer.Option(
        show_default=str(DEFAULT_MEMORY_MB),
        help="Serverless: 1024 to 6144, in steps of 1024. More memory brings more processor time.",
    ),
]
ConcurrencyOption = Annotated[
    int | None,
    typer.Option(
        show_default=str(DEFAULT_CONCURRENCY),
        help="Serverless: the number of calls at the same time, 1 to 200. All serverless endpoints of a region "
        "share a quota, which is 10 in new accounts. The functions' MaximumConcurrency should not be larger.",
    ),
]
InstanceTypeOption = Annotated[
    str | None,
    typer.Option(metavar="TYPE", help="Use instances of this type, such as ml.c7i.large, instead of serverless."),
]
MinInstancesOption = Annotated[
    int | None, typer.Option(show_default="1", help="Instances: the smallest number that runs.")
]
MaxInstancesOption = Annotated[
    int | None,
    typer.Option(
        show_default=str(DEFAULT_MAX_INSTANCES),
        help="Instances: the largest number that runs. The same number as --min-instances turns auto scaling off.",
    ),
]
CallsPerMinuteOption = Annotated[
    int | None,
    typer.Option(
        show_default=str(DEFAULT_CALLS_PER_MINUTE),
        help="Instances: more are added when one gets more calls per minute than this. A call carries a batch of "
        "faces (built-in: one face). The default fits Mien's model; give less for a slower one.",
    ),
]

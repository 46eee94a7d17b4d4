"""The addresses of SageMaker's own images, by region. A test compares them with the SageMaker SDK's own files.

Read on 2026-11-27 from sagemaker-core 2.27.0: pytorch.json (version 2.6.0) and image-classification.json in
sagemaker/core/image_uri_config, and the tag for Arm in sagemaker/core/image_uris.py.
AWS has the same lists: AWS Deep Learning Containers, "Available Deep Learning Containers images", and Amazon SageMaker
AI, "Docker Registry Paths and Example Code".
"""

from collections.abc import Mapping

from training.hosting.options import Architecture

# SageMaker's PyTorch container whose Python is new enough for the pinned ONNX Runtime. It does not use PyTorch itself.
PYTORCH_IMAGES: Mapping[Architecture, str] = {
    "x86_64": "pytorch-inference:2.6.0-cpu-py312",
    "arm64": "pytorch-inference-arm64:2.6.0-cpu-py312-ubuntu22.04-sagemaker",
}
BUILT_IN_IMAGE = "image-classification:1"
# AWS accounts whose registries have the PyTorch container, by region.
PYTORCH_ACCOUNTS: Mapping[str, str] = {
    "af-south-1": "626614931356",
    "ap-east-1": "871362719292",
    "ap-east-2": "975050140332",
    "ap-northeast-1": "763104351884",
    "ap-northeast-2": "763104351884",
    "ap-northeast-3": "364406365360",
    "ap-south-1": "763104351884",
    "ap-south-2": "772153158452",
    "ap-southeast-1": "763104351884",
    "ap-southeast-2": "763104351884",
    "ap-southeast-3": "907027046896",
    "ap-southeast-4": "457447274322",
    "ap-southeast-5": "550225433462",
    "ap-southeast-6": "633930458069",
    "ap-southeast-7": "590183813437",
    "ca-central-1": "763104351884",
    "ca-west-1": "204538143572",
    "cn-north-1": "727897471807",
    "cn-northwest-1": "727897471807",
    "eu-central-1": "763104351884",
    "eu-central-2": "380420809688",
    "eu-north-1": "763104351884",
    "eu-south-1": "692866216735",
    "eu-south-2": "503227376785",
    "eu-west-1": "763104351884",
    "eu-west-2": "763104351884",
    "eu-west-3": "763104351884",
    "il-central-1": "780543022126",
    "me-central-1": "914824155844",
    "me-south-1": "217643126080",
    "me-west-1": "124382933778",
    "mx-central-1": "637423239942",
    "sa-east-1": "763104351884",
    "us-east-1": "763104351884",
    "us-east-2": "763104351884",
    "us-gov-east-1": "446045086412",
    "us-gov-west-1": "442386744353",
    "us-west-1": "763104351884",
    "us-west-2": "763104351884",
}
# This region has the PyTorch container for x86_64 alone.
REGIONS_WITHOUT_ARM = frozenset({"me-west-1"})
# AWS accounts whose registries have the built-in image classification, by region.
BUILT_IN_ACCOUNTS: Mapping[str, str] = {
    "af-south-1": "455444449433",
    "ap-east-1": "286214385809",
    "ap-northeast-1": "501404015308",
    "ap-northeast-2": "306986355934",
    "ap-northeast-3": "867004704886",
    "ap-south-1": "991648021394",
    "ap-south-2": "628508329040",
    "ap-southeast-1": "475088953585",
    "ap-southeast-2": "544295431143",
    "ap-southeast-3": "951798379941",
    "ap-southeast-4": "106583098589",
    "ca-central-1": "469771592824",
    "ca-west-1": "190319476487",
    "cn-north-1": "390948362332",
    "cn-northwest-1": "387376663083",
    "eu-central-1": "813361260812",
    "eu-central-2": "680994064768",
    "eu-north-1": "669576153137",
    "eu-south-1": "257386234256",
    "eu-south-2": "104374241257",
    "eu-west-1": "685385470294",
    "eu-west-2": "644912444149",
    "eu-west-3": "749696950732",
    "il-central-1": "898809789911",
    "me-central-1": "272398656194",
    "me-south-1": "249704162688",
    "sa-east-1": "855470959533",
    "us-east-1": "811284229777",
    "us-east-2": "825641698319",
    "us-gov-east-1": "237065988967",
    "us-gov-west-1": "226302683700",
    "us-iso-east-1": "490574956308",
    "us-isob-east-1": "765400339828",
    "us-isof-east-1": "108575199400",
    "us-isof-south-1": "124985052026",
    "us-west-1": "632365934929",
    "us-west-2": "433757028032",
}
# Domains of the partitions other than aws and aws-us-gov, by the beginning of a region's name.
DOMAINS: Mapping[str, str] = {
    "cn-": "amazonaws.com.cn",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
}
DEFAULT_DOMAIN = "amazonaws.com"


def pytorch_image(region: str, architecture: Architecture) -> str:
    """Returns the URI of SageMaker's PyTorch container. Raises ValueError if the table has none for the region."""
    if architecture == "arm64" and region in REGIONS_WITHOUT_ARM:
        raise ValueError(
            f"SageMaker's PyTorch container for Arm is not known in {region}: use another instance type, such as "
            f"ml.c7i.large, or give {example_image(region)}"
        )
    return image_uri(PYTORCH_ACCOUNTS, PYTORCH_IMAGES[architecture], region)


def built_in_image(region: str) -> str:
    """Returns the URI of SageMaker's image classification. Raises ValueError if the table has none for the region."""
    return image_uri(BUILT_IN_ACCOUNTS, BUILT_IN_IMAGE, region)


def image_uri(accounts: Mapping[str, str], image: str, region: str) -> str:
    """Returns the URI of an image in a region. image: repository and tag, as in PYTORCH_IMAGES."""
    if region not in accounts:
        raise ValueError(
            f"the address of SageMaker's {image.partition(':')[0]} container is not known in {region}: give "
            f"{example_image(region)}"
        )
    return f"{accounts[region]}.dkr.ecr.{region}.{domain(region)}/{image}"


def domain(region: str) -> str:
    """Returns the domain of AWS's services in a region."""
    return next((name for start, name in DOMAINS.items() if region.startswith(start)), DEFAULT_DOMAIN)


def example_image(region: str) -> str:
    return f"the URI of an image with --image, such as ACCOUNT.dkr.ecr.{region}.{domain(region)}/REPOSITORY:TAG"

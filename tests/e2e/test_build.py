"""What `sam build` puts into each function and into the layer, for both processors, and what compiling adds.

What is built for this machine's processor is imported too. The other processor's modules can only be looked at.
"""

import csv
import hashlib
import importlib.metadata
import importlib.util
import marshal
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import boto3
import pytest

from deployment.bytecode import compile_modules
from local import sam, template
from local.cloud import CREDENTIALS, UNDEPLOYED_REFERENCES
from local.package import LAYER_FOLDER
from local.paths import FUNCTIONS, LAYER

# AWS Lambda Developer Guide, "Lambda quotas": a function's package and its layers, unpacked.
LIMIT = 250 * 1024**2
# The template's values of Architecture: what files of extension modules are called, and the number at byte 18 of an ELF
# file.
PROCESSORS = {"arm64": ("aarch64", 183), "x86_64": ("x86_64", 62)}
# Lambda's runtimes from python3.12 run on Amazon Linux 2023. Its user guide, "Comparing AL2 and AL2023": glibc 2.34.
NEWEST_GLIBC = 34
# boto3 and its dependencies, as they are named in site-packages, without jmespath, which the layer has.
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "dateutil", "urllib3", "six.py")
TEMPLATE = template.load_template()
FUNCTION_NAMES = [name for name, r in TEMPLATE["Resources"].items() if r["Type"] == "AWS::Serverless::Function"]
# Imports a module with nothing on Python's path but the standard library and some folders. Prints the files of all
# modules that were imported from these folders. Without -B, Python writes the compiled modules that are missing.
PROGRAM = """
import importlib, sys
module, *folders = sys.argv[1:]
sys.path[:0] = folders
importlib.import_module(module)
files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
print(*(file for file in files if file.startswith(tuple(folders))), sep="\\n")
"""


@dataclass(frozen=True)
class Build:
    """What was built for a processor, in a folder."""

    architecture: str
    folder: Path

    @property
    def layer(self) -> Path:
        return self.folder / "Layer" / LAYER_FOLDER

    def folders(self, function: str) -> list[Path]:
        """What Lambda puts on Python's path for a function."""
        layers = TEMPLATE["Resources"][function]["Properties"].get("Layers", [])
        return [self.folder / function, *(self.folder / layer["Ref"] / LAYER_FOLDER for layer in layers)]

    @cached_property
    def libraries(self) -> dict[Path, bytes]:
        """The compiled files: all that are ELF files, or whose name says so."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        contents = {path: path.read_bytes() for path in files if ".so" in path.suffixes or is_elf(path)}
        return {path.relative_to(self.folder): content for path, content in contents.items()}


def is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Build]:
    """By processor."""
    made = {}
    for architecture in PROCESSORS:
        build, cache = (tmp_path_factory.mktemp(name) for name in ("build", "cache"))
        folders = ["--build-dir", str(build), "--cache-dir", str(cache)]
        sam.run_sam("build", *folders, "--parameter-overrides", f"Architecture={architecture}")
        made[architecture] = Build(architecture, build)
    return made


def compiled(build: Build, folder: Path) -> Build:
    """A copy of a build in a new folder, with compiled modules."""
    shutil.copytree(build.folder, folder)
    compile_modules(folder)
    return Build(build.architecture, folder)


@pytest.fixture(scope="module", params=PROCESSORS)
def built(request: pytest.FixtureRequest, builds: Mapping[str, Build]) -> Build:
    return builds[request.param]


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what Lambda's runtime has."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME_PACKAGES:
        (folder / name).symlink_to(Path(boto3.__file__).parent.parent / name)
    return folder


def test_each_compiled_file_is_for_the_functions_processor(built: Build) -> None:
    _, number = PROCESSORS[built.architecture]
    assert len(built.libraries) > 40
    expected = b"\x7fELF", number.to_bytes(2, "little")
    assert [str(path) for path, content in built.libraries.items() if (content[:4], content[18:20]) != expected] == []


def test_each_extension_module_is_for_the_functions_python(built: Build) -> None:
    version = TEMPLATE["Globals"]["Function"]["Runtime"].removeprefix("python").replace(".", "")
    machine, _ = PROCESSORS[built.architecture]
    suffixes = (f".cpython-{version}-{machine}-linux-gnu.so", ".abi3.so")
    modules = [path.name for path in built.libraries if not path.name.startswith("lib")]
    assert len(modules) > 20
    assert [name for name in modules if not name.endswith(suffixes)] == []


def test_no_compiled_file_needs_a_newer_c_library_than_lambda_has(built: Build) -> None:
    needed = {
        int(version): str(path)
        for path, content in built.libraries.items()
        for version in re.findall(rb"GLIBC_2\.(\d+)", content)
    }
    assert max(needed) >= 17, "no versions were found"
    assert {version: path for version, path in needed.items() if version > NEWEST_GLIBC} == {}


@pytest.mark.parametrize("function", FUNCTION_NAMES)
def test_a_function_has_our_code_and_nothing_else(function: str, built: Build) -> None:
    sources = {path.relative_to(FUNCTIONS) for path in FUNCTIONS.rglob("*") if "__pycache__" not in path.parts}
    packed = {path.relative_to(built.folder / function) for path in (built.folder / function).rglob("*")}
    assert packed == sources


def test_the_page_has_no_layer() -> None:
    assert "Layers" not in TEMPLATE["Resources"]["PageFunction"]["Properties"]


def test_the_layer_has_exactly_the_pinned_packages(built: Build) -> None:
    """boto3 is not among them, because Lambda's runtime has it."""
    pins = re.findall(r"^(\S+)==(\S+)(.*?)\\$", (LAYER / "requirements.txt").read_text(), re.MULTILINE)
    pinned = {(name, version) for name, version, marker in pins if "python_full_version <" not in marker}
    packed = importlib.metadata.distributions(path=[str(built.layer)])
    # A package's own metadata may have `_` where a requirement has `-`.
    names = {(found.metadata["Name"].lower().replace("_", "-"), found.version) for found in packed}
    assert names == pinned


def test_each_package_in_the_layer_is_whole(built: Build) -> None:
    """RECORD lists a package's files, each with its digest. Commands are outside of its folder, and are not needed."""
    for distribution in importlib.metadata.distributions(path=[str(built.layer)]):
        record = csv.reader((distribution.read_text("RECORD") or "").splitlines())
        files = [name for name, digest, _ in record if digest and not name.startswith("..")]
        assert files
        assert [name for name in files if not (built.layer / name).exists()] == []


def test_the_layer_has_no_compiled_modules(built: Build) -> None:
    assert list(built.layer.rglob("*.pyc")) == []


@pytest.mark.parametrize("function", FUNCTION_NAMES)
def test_a_function_with_its_layer_is_far_below_lambdas_limit(function: str, built: Build) -> None:
    files = [path for folder in built.folders(function) for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 0.7 * LIMIT


@pytest.mark.parametrize("function", FUNCTION_NAMES)
def test_a_function_imports_only_what_was_built_and_the_other_processor_has_it_too(
    function: str, builds: Mapping[str, Build], runtime: Path
) -> None:
    own = builds[sam.architecture()]
    files = imported(function, own, runtime, "-B")
    assert len(files) > 2
    for architecture, other in builds.items():
        machines = PROCESSORS[own.architecture][0], PROCESSORS[architecture][0]
        paths = [str(file.relative_to(own.folder)).replace(*machines) for file in files]
        assert [path for path in paths if not (other.folder / path).exists()] == []


@pytest.mark.parametrize("function", FUNCTION_NAMES)
def test_a_cold_start_has_nothing_to_compile(
    function: str, builds: Mapping[str, Build], runtime: Path, tmp_path: Path
) -> None:
    build = compiled(builds[sam.architecture()], tmp_path / "compiled")
    before = digests(build)
    files = imported(function, build, runtime)
    modules = [file for file in files if file.suffix == ".py"]
    assert len(modules) > 2
    assert digests(build) == before
    assert [file for file in modules if not Path(importlib.util.cache_from_source(file)).exists()] == []


def test_two_builds_have_the_same_compiled_modules_so_that_no_version_is_published_for_nothing(
    built: Build, tmp_path: Path
) -> None:
    first, second = (compiled(built, tmp_path / name) for name in ("first", "second"))
    assert len(digests(first)) > 300
    assert digests(first) == digests(second)
    compile_modules(second.folder)
    assert digests(first) == digests(second)


def test_tracebacks_name_the_folders_of_lambda(builds: Mapping[str, Build], tmp_path: Path) -> None:
    build = compiled(builds["arm64"], tmp_path / "compiled")
    named = [
        marshal.loads(Path(importlib.util.cache_from_source(file)).read_bytes()[16:]).co_filename
        for file in (build.folder / "InboxFunction" / "mien" / "errors.py", build.layer / "numpy" / "__init__.py")
    ]
    assert named == ["/var/task/mien/errors.py", f"/opt/{LAYER_FOLDER}/numpy/__init__.py"]


def test_a_new_build_keeps_no_module_that_was_compiled_before(tmp_path: Path) -> None:
    """Python would run it instead of the new source, because it compares neither times nor content."""
    options = ["--build-dir", str(tmp_path / "build"), "--cache-dir", str(tmp_path / "cache")]
    options += ["--parameter-overrides", f"Architecture={sam.architecture()}"]
    sam.run_sam("build", *options)
    compile_modules(tmp_path / "build")
    assert list(tmp_path.rglob("*.pyc"))
    sam.run_sam("build", *options)
    assert list(tmp_path.rglob("*.pyc")) == []


def imported(function: str, build: Build, runtime: Path, *options: str) -> list[Path]:
    """Imports a function's handler as Lambda does, and returns the files of its package and its layer that are used.

    options: of Python.
    """
    folders = build.folders(function)
    # Without a layer, a function does not import boto3 either.
    more = [runtime] if len(folders) > 1 else []
    module = TEMPLATE["Resources"][function]["Properties"]["Handler"].rpartition(".")[0]
    ran = subprocess.run(
        [sys.executable, "-I", "-S", *options, "-c", PROGRAM, module, *map(str, [*folders, *more])],
        env={**CREDENTIALS, **template.function_environment({**UNDEPLOYED_REFERENCES, "Faces": "find"})},
        check=True,
        capture_output=True,
        text=True,
    )
    return [Path(line) for line in ran.stdout.splitlines() if not line.startswith(str(runtime))]


def digests(build: Build) -> dict[str, str]:
    """The digests of all compiled modules, by their names in the build."""
    return {
        str(path.relative_to(build.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in build.folder.rglob("*.pyc")
    }

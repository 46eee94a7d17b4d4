"""Compiles the modules that the built functions import, so that no cold start has to.

Lambda unpacks a function's package and its layer into folders that can't be written. Without compiled modules in them,
Python compiles each module again at each cold start. Compiled modules are the same for all processors, and a Python of
another version ignores them.

Two builds of the same sources must give the same bytes, because SAM publishes a new version of what has changed. So no
times are in the files (PEP 552), and text has the same hash in each run, which decides the order of sets.
"""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from deployment.errors import DeploymentError
from local.cloud import CREDENTIALS, UNDEPLOYED_REFERENCES
from local.environment import child_environment
from local.package import LAYER_FOLDER
from local.paths import FUNCTIONS, LAYER
from local.template import function_environment, parse_template

# Where Lambda unpacks what is compiled here. Tracebacks name these folders.
# Source: AWS Lambda Developer Guide, "Packaging your layer content" and "Working with .zip file archives for Python".
FUNCTION_ROOT, LAYER_ROOT = "/var/task", "/opt"
# Imports a module, and prints the names of all modules that this has imported.
IMPORT = "import importlib, sys; importlib.import_module(sys.argv[1]); print(*sys.modules, sep='\\n')"


def compile_modules(built: Path) -> None:
    """Writes a compiled module beside each module that a function imports when it starts.

    built: the folder that `sam build` wrote, for any processor.

    Raises DeploymentError if there is no build, if this Python is not the functions' Python, or if a module can't be
    imported or compiled.
    """
    if not (built / "template.yaml").is_file():
        raise DeploymentError(f"{built} has no template.yaml: run `sam build` first")
    template = parse_template()
    check_version(template["Globals"]["Function"]["Runtime"])
    in_layers: dict[str, set[str]] = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            properties = resource["Properties"]
            modules = imported_modules(properties["Handler"].rpartition(".")[0])
            compile_files(built / name, FUNCTION_ROOT, files_of(modules, built / name))
            for layer in properties.get("Layers", []):
                in_layers.setdefault(layer["Ref"], set()).update(modules)
    for name, modules in in_layers.items():
        compile_files(built / name, LAYER_ROOT, files_of(modules, built / name / LAYER_FOLDER))


def check_version(runtime: str) -> None:
    """runtime: of the functions, such as python3.13. Raises DeploymentError if this Python has another version."""
    own = "python" + ".".join(platform.python_version_tuple()[:2])
    if own != runtime:
        raise DeploymentError(
            f"the functions run on {runtime} and this is {own}, whose compiled modules they would ignore: use "
            ".venv-runtime/bin/python, which `make install-runtime` makes"
        )


def imported_modules(handler: str) -> set[str]:
    """Returns the names of all modules that are imported with a handler's module, with the packages of this Python."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **child_environment(home),
            "PYTHONPATH": os.pathsep.join((str(FUNCTIONS), str(LAYER))),
            "PYTHONDONTWRITEBYTECODE": "1",
            **CREDENTIALS,
            # The detector is needed only if faces are looked for.
            **function_environment({**UNDEPLOYED_REFERENCES, "Faces": "find"}),
        }
        return set(run(f"{handler} can't be imported", ["-c", IMPORT, handler], environment).split())


def files_of(modules: Iterable[str], folder: Path) -> Iterator[Path]:
    """The files of those modules that are in a folder, sorted."""
    for name in sorted(modules):
        path = folder.joinpath(*name.split("."))
        for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
            if file.is_file():
                yield file


def compile_files(folder: Path, root: str, files: Iterable[Path]) -> None:
    """Compiles modules. root: where their folder will be on Lambda."""
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", root, "-i", "-"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    names = "\n".join(map(str, files))
    run(f"{folder.name} can't be compiled", ["-m", "compileall", *options], environment, names)


def run(problem: str, arguments: list[str], environment: dict[str, str], text: str = "") -> str:
    """Runs this Python, and returns what it prints. problem: what a failure means. text: its standard input."""
    command = [sys.executable, *arguments]
    ended = subprocess.run(command, env=environment, input=text, capture_output=True, text=True, check=False)
    if ended.returncode:
        reason = (ended.stderr.strip() or ended.stdout.strip()).rpartition("\n")[2]
        raise DeploymentError(f"{problem}: {reason}")
    return ended.stdout

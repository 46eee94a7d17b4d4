"""The page's scripts → one script, and its style sheets → one style sheet.

The sources are many small files. A browser would ask for all of them at once, and each request is a concurrent call of
a function, of which a new AWS account may have only 10. So they are combined when the function starts.

Only the forms that the page's sources use are understood. Each other form raises ValueError, so that a test and not a
visitor finds it.
"""

import re
from collections.abc import Mapping, Sequence
from posixpath import dirname, normpath

IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";$', re.MULTILINE)
# The value of `export let` could change after another script has read it, so it is not accepted.
EXPORT = re.compile(r"^export ((?:async )?function|class|const) (\w+)", re.MULTILINE)
OTHER_FORM = re.compile(r"^(?:import|export)\b.*|\bimport\(.*", re.MULTILINE)
# A style sheet's other files would be looked for beside the combined file.
OTHER_FILE = re.compile(r"@import\b.*|@charset\b.*|url\((?!data:|\"data:).*")


def combine_scripts(sources: Mapping[str, str], entry: str) -> str:
    """Returns one ES module that does what the module `entry` does with all modules that it imports.

    Each module becomes a function that is called once and returns its exports, after those of the modules that it
    imports. So modules may use the same names, as before.

    sources: text by path. Paths in the texts are relative to the path of their own text.
    """
    combined: dict[str, str] = {}
    exports: dict[str, set[str]] = {}

    def add(path: str, importers: tuple[str, ...]) -> None:
        if path in importers:
            raise ValueError(f"{' imports '.join([*importers, path])}: scripts must not import each other in a circle")
        if path in combined:
            return
        if path not in sources:
            raise ValueError(f"{importers[-1]} imports {path}, which does not exist")
        for _, target in IMPORT.findall(sources[path]):
            add(beside(path, target), (*importers, path))
        exports[path] = {name for _, name in EXPORT.findall(sources[path])}
        combined[path] = as_function(path, sources[path], exports)

    add(entry, ())
    return "\n".join(combined.values())


def as_function(path: str, source: str, exports: Mapping[str, set[str]]) -> str:
    """Returns a statement that runs a module. exports: names by path, of this module and of those that it imports."""

    def read_exports(found: re.Match[str]) -> str:
        target = beside(path, found[2])
        names = [name.strip() for name in found[1].split(",") if name.strip()]
        missing = [name for name in names if name.partition(" as ")[0] not in exports[target]]
        if missing:
            raise ValueError(f"{path} imports {', '.join(missing)} from {target}, which does not export it")
        return f"const {{ {', '.join(name.replace(' as ', ': ') for name in names)} }} = {variable(target)};"

    text = EXPORT.sub(r"\1 \2", IMPORT.sub(read_exports, source))
    if other := OTHER_FORM.search(text):
        raise ValueError(f"{path} has an import or an export of a form that can't be combined: {other[0]}")
    # The combined script is in the root folder, and not where this module is.
    text = text.replace("import.meta.url", f'new URL("{path}", import.meta.url).href')
    own = f"return {{ {', '.join(sorted(exports[path]))} }};" if exports[path] else ""
    return f"// {path}\nconst {variable(path)} = (() => {{\n{text.rstrip()}\n{own}\n}})();\n"


def variable(path: str) -> str:
    """Returns the name of the variable that has a module's exports."""
    return "$" + re.sub(r"\W", "_", path)


def beside(path: str, target: str) -> str:
    """Returns the path that a module means by a relative path."""
    return normpath(f"{dirname(path)}/{target}".lstrip("/"))


def combine_styles(sources: Mapping[str, str], paths: Sequence[str]) -> str:
    """Returns one style sheet. paths: in the order in which their rules apply."""
    for path in paths:
        if other := OTHER_FILE.search(sources[path]):
            raise ValueError(f"{path} refers to another file: {other[0]}")
    return "\n".join(f"/* {path} */\n{sources[path]}" for path in paths)

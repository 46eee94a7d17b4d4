"""The tree of exceptions in the docstring of errors.py."""

import inspect
import re

from mien import errors

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)}
# A line of the tree: the branches before a class's name, four characters per level.
LINE = re.compile(r"^ {4}((?:[│ ] {3})*(?:[├└]── )?)(\w+)(?: \(\w+\))? {2,}\S")


def tree() -> list[tuple[int, str]]:
    """The level of each class in the docstring, and its name."""
    lines = inspect.getdoc(errors) or ""
    found = [LINE.match(f"{line}") for line in lines.splitlines()]
    return [(len(line[1]) // 4, line[2]) for line in found if line]


def test_the_tree_shows_each_class_once() -> None:
    assert sorted(name for _, name in tree()) == sorted(CLASSES)


def test_the_tree_shows_each_class_below_its_base() -> None:
    ancestors: dict[int, type[Exception]] = {-1: Exception}
    for level, name in tree():
        assert ancestors[level - 1] in CLASSES[name].__mro__, name
        ancestors[level] = CLASSES[name]

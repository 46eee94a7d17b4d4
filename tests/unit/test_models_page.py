"""docs/models.md: its examples and its table are those of the code."""

import ast
import json
import re

import contract
from local.paths import ROOT
from tests.support import documents
from training.description.document import IMAGENET

PAGE = "docs/models.md"


def test_the_example_of_model_json_is_accepted() -> None:
    [block] = [block for block in documents.blocks(PAGE) if block.language == "json"]
    described = contract.check_document(json.loads(block.text))
    assert (list(described.input.mean), list(described.input.deviation)) == IMAGENET


def test_the_examples_in_python_can_be_parsed() -> None:
    examples = [block.text for block in documents.blocks(PAGE) if block.language == "python"]
    assert len(examples) == 2
    for example in examples:
        ast.parse(example)


def test_the_table_names_every_field_of_the_schema() -> None:
    schema = json.loads((ROOT / "schemas" / "model.schema.json").read_text())
    names = {*schema["properties"], *(f"input.{name}" for name in schema["$defs"]["Input"]["properties"])}
    names |= {f"output.{name}" for name in schema["properties"]["output"]["properties"]}
    [table] = re.findall(r"^\| field \|.*?\n\n", documents.text_of(PAGE), re.MULTILINE | re.DOTALL)
    for name in names - {"input", "output"}:
        assert f"`{name}`" in table, name

"""The JSON schemas that the documents show, for tests to hold the output against."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

__all__ = ["SCHEMAS", "complaints"]

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


def complaints(name: str, document: Any) -> list[str]:
    """What a schema finds wrong with a document; empty if nothing."""
    return [error.message for error in _validator(name).iter_errors(document)]


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)

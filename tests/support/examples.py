"""Examples of the documents, with simulated exchanges in the places of the real ones."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve

from venuetree import config
from venuetree.cli.endpoints import endpoints_of
from venuetree.protocol.exchanges import EXCHANGES

__all__ = ["program_of", "stand_in"]

DOCS: Final = Path(__file__).parents[2] / "docs"
#: Where an example that runs at an exchange takes its credentials from, by the simulator's names.
VARIABLES: Final = {
    "coinbase": {"COINBASE_API_KEY": "key_name", "COINBASE_API_SECRET": "private_key"},
    "oanda": {"OANDA_API_TOKEN": "token", "OANDA_ACCOUNT_ID": "account_id"},
}


def stand_in(monkeypatch: pytest.MonkeyPatch, endpoints: Mapping[str, Any]) -> None:
    """Have these simulated exchanges found where the real ones are, and their keys in place."""
    here = {}
    for name, entry in endpoints.items():
        real = EXCHANGES[name]
        place = endpoints_of(entry)
        place = evolve(place, user_stream=place.user_stream or place.stream)
        places = dict.fromkeys(real.profile.endpoints, place)
        here[name] = evolve(real, profile=evolve(real.profile, endpoints=places))
        for variable, key in VARIABLES[name].items():
            monkeypatch.setenv(variable, entry["credentials"][key])
    monkeypatch.setattr(config, "EXCHANGES", here)


def program_of(page: str) -> dict[str, Any]:
    """What the first program of a page defines; what it does only when it is run is left out."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.search(r"^```python\n((?:.*\n)*?)```$", text, re.MULTILINE)
    if found is None:
        raise LookupError(page)
    defined: dict[str, Any] = {"__name__": "program"}
    exec(compile(found[1], page, "exec", dont_inherit=True), defined)  # noqa: S102 - ours
    return defined

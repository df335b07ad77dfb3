"""Finds scenarios: those that come with the package, and a host's own in files."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType, ModuleType

from venuetree.scenarios import scripts
from venuetree.scenarios.scenario import Scenario

__all__ = ["NoScenario", "catalogue", "scenario_in_file"]


class NoScenario(Exception):
    """There is no such scenario, or a file holds none; the message says which."""


@cache
def catalogue() -> Mapping[str, Scenario]:
    """Every scenario that comes with the package, by name, in order."""
    found: dict[str, Scenario] = {}
    for module in pkgutil.iter_modules(scripts.__path__, f"{scripts.__name__}."):
        for scenario in _scenarios_in(import_module(module.name)):
            found[scenario.name] = scenario
    return MappingProxyType(dict(sorted(found.items())))


def scenario_in_file(path: Path) -> list[Scenario]:
    """The scenarios that a Python file defines.

    Raises:
        NoScenario: it cannot be read or run, or defines none.
    """
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise NoScenario(f"there is no Python file {path}")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise NoScenario(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    found = _scenarios_in(module)
    if not found:
        raise NoScenario(f"{path} defines no scenario: see `venuetree.scenarios.scenario`")
    return found


def _scenarios_in(module: ModuleType) -> list[Scenario]:
    return [value for value in vars(module).values() if isinstance(value, Scenario)]

"""The page of what each exchange supports: written from a run, and read back to be compared."""

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from tests.conformance.case import CASES, Case, Heading
from tests.conformance.subjects import SUBJECTS, Subject

__all__ = ["PAGE", "cells", "page", "run_case"]

#: In the order in which they are written, the rows of each heading too.
_MODULES = "asking listening placing waiting changing refusing living failing"

for _module in _MODULES.split():
    import_module(f"tests.conformance.cases.{_module}")

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "conformance.md"

#: By case and subject: what came of it.
Outcomes = Mapping[tuple[str, str], str]

_HEAD = """# What each exchange supports

One suite of cases is run on every exchange, on asyncio and on trio, by the public handle alone.
That run writes this page (`make conformance`), and the tests compare each cell with what they see.
A case names no exchange: its sentence holds for all, and a cell says shortly what came of it.

- *yes*, or what the sentence promises: it is so.
- *not supported*: `NotSupported`, raised before anything is sent.
- *refused before sending*: our own check says no, with the rule; the exchange hears nothing.

After each case both ends are compared, to the last digit.
Every order and fill is as the engine told it and as the exchange holds it; so is all money.
The exchanges are the simulated ones.
A column `paper-…` is the same exchange by a paper account; a dash is what makes no sense there.
"""
_LEFT_OUT = "—"


async def run_case(case: Case, subject: Subject) -> str:
    """Try a case on a subject, in a world of its own; what came of it.

    Raises:
        BrokenPromise: something else than was promised.
    """
    async with subject.stage(
        others=case.others, tick_s=case.tick_s, is_still=case.is_still
    ) as stage:
        return await case.run(stage)


def page(outcomes: Outcomes) -> str:
    """The page as text."""
    parts: list[str] = [_HEAD]
    notes: list[str] = []
    for heading in Heading:
        rows = [case for case in CASES.values() if case.heading is heading]
        parts.append(f"\n## {heading.value}\n\n{_row('Case', '', *SUBJECTS)}")
        parts.append(_row(*["---"] * (2 + len(SUBJECTS))))
        for case in rows:
            told = [outcomes.get((case.name, name), _LEFT_OUT) for name in SUBJECTS]
            sentence = case.sentence
            if case.advice and len(set(told)) > 1:
                notes.append(f"{len(notes) + 1}. {case.advice}\n")
                sentence += f" [{len(notes)}](#how-to-write-for-all)"
            parts.append(_row(f"`{case.name}`", sentence, *told))
    parts.append("\n## How to write for all\n\n")
    left_out = [
        f"- `{name}` on {subject.name}: {why}\n"
        for subject in SUBJECTS.values()
        for name, why in subject.leaves_out.items()
    ]
    if left_out:
        left_out.insert(0, "\n## What was not tried\n\n")
    return "".join((*parts, *notes, *left_out))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def cells(text: str) -> dict[tuple[str, str], str]:
    """What a page says, by case and subject; cases that were not tried are left out."""
    found: dict[tuple[str, str], str] = {}
    names: list[str] = []
    for line in text.splitlines():
        if not line.startswith("| "):
            continue
        name, _, *told = (cell.strip() for cell in line.strip("|").split(" | "))
        if name == "Case":
            names = told
        row = re.fullmatch(r"`([a-z0-9-]+)`", name)
        if row is not None:
            pairs = zip(names, told, strict=True)
            found |= {(row[1], subject): cell for subject, cell in pairs if cell != _LEFT_OUT}
    return found

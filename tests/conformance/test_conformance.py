"""One suite for all exchanges, on both backends, against the public handle only."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

import venuetree
from tests.conformance.case import CASES, NOT_SUPPORTED, Case
from tests.conformance.subjects import SUBJECTS, Subject
from tests.conformance.table import PAGE, cells, page, run_case
from tests.support.virtual_time import BACKENDS
from venuetree.scenarios.operators import OPERATORS


def tried(subjects: Sequence[Subject]) -> list[ParameterSet]:
    """Each case on each of these that does not leave it out."""
    return [
        pytest.param(case, subject, id=f"{case.name}-{subject.name}")
        for case in CASES.values()
        for subject in subjects
        if case.name not in subject.leaves_out
    ]


ON_PAPER = [subject for subject in SUBJECTS.values() if subject.name not in OPERATORS]
#: What cases may use beside the public package: the world that they play in.
OF_THE_WORLD = {"venuetree.scenarios.faults", "venuetree.scenarios.operators"}
SCRIPTS = sorted((Path(__file__).parent / "cases").glob("*.py"))


@pytest.mark.anyio
@pytest.mark.parametrize(("case", "subject"), tried([SUBJECTS[name] for name in OPERATORS]))
async def test_it_is_as_the_page_says(case: Case, subject: Subject) -> None:
    """The promise is kept, at both ends, and what comes of it is what the page tells."""
    await check(case, subject)


@pytest.mark.anyio
@pytest.mark.parametrize(("case", "subject"), tried(ON_PAPER))
@pytest.mark.parametrize("anyio_backend", BACKENDS[1:], indirect=True)
async def test_it_is_as_the_page_says_on_paper(case: Case, subject: Subject) -> None:
    """On one backend: `make conformance` tries both, and the account has no I/O of its own."""
    await check(case, subject)


async def check(case: Case, subject: Subject) -> None:
    """Hold what comes of a case against its cell."""
    told = cells(PAGE.read_text(encoding="utf-8"))
    outcome = await run_case(case, subject)

    assert outcome == told[case.name, subject.name], "run `make conformance`"


def test_the_page_has_a_row_for_each_case_and_no_other() -> None:
    """A case that is added, renamed or left out changes the page."""
    text = PAGE.read_text(encoding="utf-8")
    told = cells(text)

    assert set(told) == {
        (case.name, subject.name)
        for case in CASES.values()
        for subject in SUBJECTS.values()
        if case.name not in subject.leaves_out
    }
    assert page(told) == text


def test_every_simulated_exchange_is_a_subject_and_leaves_out_only_what_there_is() -> None:
    """An exchange cannot be forgotten, and no excuse outlives its case."""
    assert set(OPERATORS) <= set(SUBJECTS)
    for subject in SUBJECTS.values():
        assert set(subject.leaves_out) <= set(CASES)


def test_every_outcome_that_a_case_declares_happens_somewhere() -> None:
    """A case does not allow for what no exchange does, but that one may have no such thing."""
    told = cells(PAGE.read_text(encoding="utf-8"))

    for case in CASES.values():
        seen = {cell for (name, _), cell in told.items() if name == case.name}
        assert seen | {NOT_SUPPORTED} == {*case.outcomes, NOT_SUPPORTED}, case.name


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Each name that a module imports, and from where."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_cases_use_of_the_engine_only_what_is_public_and_name_no_exchange(path: Path) -> None:
    """So that a host could write them, and a fourth exchange needs no change of them."""
    used = [(module, name) for module, name in imported(path) if module.startswith("venuetree")]
    text = path.read_text(encoding="utf-8").lower()

    assert used
    for module, name in used:
        assert module in OF_THE_WORLD or (module == "venuetree" and name in venuetree.__all__)
    assert not [name for name in OPERATORS if name in text]

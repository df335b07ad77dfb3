"""Run every case on every subject and write the page: ``python -m tests.conformance``.

Exit code 1 if a promise is broken, or if an outcome differs between the backends; then the page is
left as it is.
"""

import sys
from functools import partial

from tests.conformance.case import CASES
from tests.conformance.subjects import SUBJECTS
from tests.conformance.table import PAGE, page, run_case
from venuetree.scenarios.virtual_time import run_virtual

BACKENDS = ("asyncio", "trio")


def main() -> int:
    """Run, report, write."""
    outcomes: dict[tuple[str, str], str] = {}
    broken: list[str] = []
    for case in CASES.values():
        for subject in SUBJECTS.values():
            if case.name in subject.leaves_out:
                continue
            told: list[str] = []
            for backend in BACKENDS:
                try:
                    told.append(run_virtual(backend, partial(run_case, case, subject), seed=1))
                except Exception as error:  # noqa: BLE001 - each is reported, and fails the run
                    broken.append(f"{case.name} on {subject.name}, {backend}: {_first(error)!r}")
            if len(set(told)) > 1:
                broken.append(f"{case.name} on {subject.name} differs by backend: {told}")
            outcomes[case.name, subject.name] = told[0] if told else ""
    for line in broken:
        sys.stderr.write(f"{line}\n")
    if broken:
        return 1
    PAGE.write_text(page(outcomes), encoding="utf-8")
    sys.stdout.write(f"{len(outcomes)} outcomes written to {PAGE}\n")
    return 0


def _first(error: BaseException) -> BaseException:
    """What went wrong, without the groups that task groups make of it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


if __name__ == "__main__":
    sys.exit(main())

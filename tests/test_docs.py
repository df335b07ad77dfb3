"""The documents hold what they say: examples run, links lead somewhere, tables are complete.

Every block of README.md and docs/ is taken by its kind:

- `python` is run as it stands, with simulated exchanges in the places of the real ones;
- `console` is run by a shell, a page at a time, in a folder with the files that the page has its
  reader save; what is printed is compared, `…` standing for anything, lines of blanks and the width
  of columns for nothing;
- `json NAME` is held against the schema of that name;
- `sh` and `text` are only read: installing takes a network, and pictures do nothing.
"""

import json
import os
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from attrs import frozen

import venuetree
from docs.generate import pages
from tests.support.command_line import environment
from tests.support.examples import stand_in
from tests.support.schemas import SCHEMAS, complaints
from venuetree import EngineError, OrderInvalid, config
from venuetree.cli.arguments import build_parser
from venuetree.cli.exits import exit_code_of
from venuetree.cli.json_output import dump
from venuetree.scenarios.simulated import Running, SimulatedCoinbase, serve
from venuetree.scenarios.simulated.oanda import SimulatedOanda
from venuetree.supervisors import Backoff
from venuetree.supervisors.exchange_tree import ACTOR_BACKOFF, STREAM_BACKOFF

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
KINDS = {"python", "console", "json", "sh", "text"}
PATIENCE_SECONDS = 120.0


@frozen
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    kind: str
    rest: str
    text: str

    @property
    def name(self) -> str:
        """Where it stands, for a test's id."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    """Every fenced block of a page."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^```(\w*) ?(.*)\n((?:.*\n)*?)```$", text, re.MULTILINE):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(page, line, found[1], found[2], found[3])


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def of_kind(kind: str) -> list[Block]:
    """The blocks of a kind."""
    return [block for block in BLOCKS if block.kind == kind]


@pytest.fixture(scope="module")
def simulated() -> Iterator[Running]:
    """Simulated exchanges, served from another thread."""
    exchanges = SimulatedCoinbase(seed=1), SimulatedOanda(seed=1)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(*exchanges)) as running,
    ):
        yield running


def test_every_block_says_what_it_is() -> None:
    """A block of no known kind would not be checked."""
    assert [block.name for block in BLOCKS if block.kind not in KINDS] == []
    assert {block.kind for block in BLOCKS} == KINDS


@pytest.mark.parametrize("block", of_kind("python"), ids=lambda block: block.name)
def test_a_python_example_runs(
    block: Block, simulated: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As printed, to its end, with nothing changed but where the exchanges are."""
    stand_in(monkeypatch, simulated.endpoints)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sim.json").write_bytes(dump(dict(simulated.endpoints)))

    exec(compile(block.text, block.name, "exec"), {"__name__": "__main__"})  # noqa: S102 - ours


@pytest.mark.parametrize(
    "page",
    sorted({block.page for block in of_kind("console")}),
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_a_console_session_prints_what_it_shows(page: Path, tmp_path: Path) -> None:
    """A reader who types the commands of a page in their order sees what the page shows."""
    commands = [command for block in blocks_of(page) for command in _commands(block)]
    for name, text in _saved(page):
        (tmp_path / name).write_text(text, encoding="utf-8")
    script = "\n".join(
        [
            "set -m",
            "trap 'kill $(jobs -p) 2> /dev/null; wait' EXIT",
            *(_timed(number, command) for number, (command, _) in enumerate(commands)),
        ]
    )
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    command_file = bin_folder / "venuetree"
    command_file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m venuetree.cli "$@"\n')
    command_file.chmod(0o755)
    paths = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONPATH": _python_path()}
    done = subprocess.run(  # noqa: S603 - our own examples
        ["bash", "-c", script],  # noqa: S607 - whichever bash there is
        cwd=tmp_path,
        env=environment() | paths,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    printed = re.split(r"^@@\d+\n", done.stdout, flags=re.MULTILINE)
    assert len(printed) == len(commands) + 1
    assert commands
    for (command, shown), seen in zip(commands, printed, strict=False):
        # A page that shows nothing of a command, such as a job put in the background, says nothing.
        assert not shown.strip() or re.fullmatch(_pattern(shown), _squeezed(seen)), (
            f"$ {command}\n{seen}"
        )


def _commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a console block with what it is shown to print."""
    if block.kind == "console":
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


def _saved(page: Path) -> list[tuple[str, str]]:
    """The files that a reader of the page is told to save, with their text."""
    text = page.read_text(encoding="utf-8")
    pattern = r"[Ss]ave this as `([\w.]+)`[^\n]*\n\n```python\n((?:.*\n)*?)```$"
    return re.findall(pattern, text, re.MULTILINE)


def _timed(number: int, command: str) -> str:
    """The command, and a mark after what it prints; what runs on is waited for to be ready."""
    ready = re.search(r"> (\S+) &$", command)
    wait = f"until [ -s {ready[1]} ]; do sleep 0.05; done\n" if ready else ""
    return f"{command}\n{wait}echo @@{number}"


def _squeezed(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)


def _pattern(shown: str) -> str:
    lines = _squeezed(shown).splitlines()
    return "".join(
        r"(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in lines
    )


def _python_path() -> str:
    """Where this process finds the package, for processes whose folder is another."""
    return os.pathsep.join(
        [os.environ.get("PYTHONPATH", ""), str(Path(config.__file__).parents[1])]
    )


@pytest.mark.parametrize("block", of_kind("json"), ids=lambda block: block.name)
def test_json_that_is_shown_keeps_its_schema(block: Block) -> None:
    """What a reader takes from the page is what the command prints."""
    assert complaints(block.rest, json.loads(block.text)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Within the repository, at least."""
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith("http")]

    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_page_is_reached_from_the_index() -> None:
    """From README.md by way of docs/README.md; what nobody links to, nobody reads."""
    seen: set[Path] = set()
    pending = [ROOT / "docs" / "README.md"]
    while pending:
        page = pending.pop().resolve()
        if page not in seen and page.suffix == ".md":
            seen.add(page)
            links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
            pending += [page.parent / link for link in links if not link.startswith("http")]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [page for page in (ROOT / "docs").rglob("*.md") if page.resolve() not in seen] == []
    assert "(docs/README.md)" in readme


@pytest.mark.parametrize("page", ["api.md", "events.md"])
def test_the_reference_is_what_the_code_says(page: str) -> None:
    """Every public name, with its docstring and signature; `make reference` writes it anew."""
    assert (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8") == pages()[page]


def test_every_public_name_is_in_the_reference() -> None:
    """On the page of its kind, under a heading or in the table of errors, once."""
    folder = ROOT / "docs" / "reference"
    told = "\n".join((folder / f"{page}.md").read_text() for page in ("api", "events", "errors"))
    headings = re.findall(r"^### `(\w+)`$", told, re.MULTILINE)
    errors_told = re.findall(r"^\| `(\w+)` \| .* \| \d \|$", told, re.MULTILINE)
    untold = {"EngineError", "ExchangeHandle"}  # the root of all errors, and a page's worth

    assert Counter(headings + errors_told) == Counter(set(venuetree.__all__) - untold)


def test_the_figures_of_backoff_are_the_trees() -> None:
    """The table of the page, row by row: streams, actors, an exchange as a whole."""
    page = (ROOT / "docs" / "explanation" / "backoff.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\|[^|]+\| ([\d.]+) s \| (\d+) s \| (\d) \| (\d+) % \| (\d+) s \|$", page, re.MULTILINE
    )
    tree = venuetree.Engine(venuetree.coinbase())._trees["coinbase"]

    assert [
        Backoff(float(least), float(most), float(factor), float(spread) / 100, float(well))
        for least, most, factor, spread, well in rows
    ] == [STREAM_BACKOFF, ACTOR_BACKOFF, tree.spec().backoff]
    assert "at most three restarts within 60 seconds" in page
    plan = tree._top._table._plan
    assert (plan.intensity, plan.period) == (3, 60.0)


def test_the_reference_tells_every_command_and_option() -> None:
    """A section for each command; in it, or for all, each of its options."""
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    common, *rest = re.split(r"^## (?=[a-z])", page, flags=re.MULTILINE)
    sections = {part.partition("\n")[0]: part for part in rest}
    choices = _subcommands(build_parser())
    untold = [
        f"{command} {option}"
        for command, parser in choices.items()
        for one in (parser, *_subcommands(parser).values())
        for action in one._actions
        for option in action.option_strings
        if option.startswith("--")
        and option != "--help"
        and option not in sections.get(command, "") + common
    ]

    assert set(sections) == set(choices)
    assert "demo" in sections
    assert untold == []


def _subcommands(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    groups = (a.choices for a in parser._actions if isinstance(a.choices, dict))
    return {name: one for group in groups for name, one in group.items()}


def test_the_reference_names_every_schema() -> None:
    """And no other."""
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")

    assert set(re.findall(r"schemas/([\w-]+)\.json", page)) == {p.stem for p in SCHEMAS.iterdir()}


def test_the_reference_tells_every_error_with_its_remedy() -> None:
    """The table's rows are the classes, in their words, with the command line's exit code."""
    page = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+)\. \| (\d) \|$", page, re.MULTILINE)

    expected = []
    for name in venuetree.__all__:
        kind = getattr(venuetree, name)
        if isinstance(kind, type) and issubclass(kind, EngineError) and kind is not EngineError:
            error = OrderInvalid("", rule="") if kind is OrderInvalid else kind("")
            summary = (kind.__doc__ or "").strip().partition("\n")[0]
            expected.append((name, summary, kind.remedy, str(int(exit_code_of(error)))))
    assert rows == expected


def _prose(page: Path) -> list[str]:
    """The lines of a page that stand in no fenced block."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```(?:.*\n)*?```$", "", text, flags=re.MULTILINE).splitlines()


def test_sentences_stand_on_lines_of_their_own() -> None:
    """So that a change of one sentence is a change of one line."""
    crowded = [
        f"{page.relative_to(ROOT)}: {line}"
        for page in PAGES
        for line in re.sub(
            r"^```(?:.*\n)*?```$", "", page.read_text(), flags=re.MULTILINE
        ).splitlines()
        if not line.startswith("|") and re.search(r"[a-z)`][.!?] [A-Z]", line)
    ]

    assert crowded == []

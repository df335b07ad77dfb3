"""The architecture, read from the imports: what may know of what."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: What a script may have go wrong: values, of which whoever makes them happen may know.
FAULTS = {"scenarios/fault_words", "scenarios/line_faults", "scenarios/faults"}

#: Each scope of the source, most specific first, and what of ours it may import.
MAY_IMPORT = {
    "protocol": {"protocol"},
    "actors": {"protocol", "actors"},
    "supervisors": {"protocol", "actors", "supervisors"},
    # Simulated exchanges are written from the exchanges' documents: a mistake that they shared
    # with our codecs would pass unseen.
    "scenarios/fault_words": set(),
    "scenarios/line_faults": {"scenarios/fault_words"},
    "scenarios/faults": FAULTS,
    "scenarios/simulated": {*FAULTS, "scenarios/simulated"},
    "scenarios": {
        *("protocol", "actors", "supervisors", "engine"),
        *("scenarios", *FAULTS, "scenarios/simulated"),
    },
    # The command line starts simulated exchanges; the engine itself knows nothing of them.
    "engine/cli": {
        *("protocol", "actors", "supervisors", "engine", "engine/cli"),
        *("scenarios", *FAULTS, "scenarios/simulated"),
    },
    "engine": {"protocol", "actors", "supervisors", "engine"},
}

#: All that pure code needs. Not here: event loops, sockets, files, clocks, randomness, logs.
PURE = {
    *("__future__", "abc", "base64", "binascii", "bisect", "calendar", "collections"),
    *("contextlib", "datetime", "decimal", "enum", "functools", "hashlib", "heapq", "hmac"),
    *("itertools", "json", "math", "operator", "re", "struct", "types", "typing", "urllib.parse"),
    *("attr", "attrs", "cattrs", "cryptography", "orjson"),
}

#: `from_env` reads the environment, because its caller says so; nothing else may.
MAY_READ_ENVIRONMENT = "credentials.py"

#: What reads the machine though its module is in `PURE`.
IMPURE_CALLS = {"now", "utcnow", "today", "open", "print", "input", "urandom", "uuid4"}

#: By any spelling, so that a new exchange's words are caught as well as these.
EXCHANGE_WORDS = {"coinbase", "binance", "oanda"} | {
    folder.name for folder in (ROOT / "protocol" / "exchanges").iterdir() if folder.is_dir()
} - {"__pycache__"}


def sources(scope: str) -> list[Path]:
    """The modules of a scope, which is a folder or a file, without a more specific scope's."""
    inner = {path for other in MAY_IMPORT if other.startswith(f"{scope}/") for path in _in(other)}
    return sorted(_in(scope) - inner)


def _in(scope: str) -> set[Path]:
    return (
        {ROOT / f"{scope}.py"}
        if (ROOT / f"{scope}.py").exists()
        else set(ROOT.glob(f"{scope}/**/*.py"))
    )


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of all that a module imports, names taken one by one."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, name.name) for name in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from ((node.lineno, f"{module}.{name.name}") for name in names)
            case ast.ImportFrom():
                yield node.lineno, "venuetree.<relative>"


def scope_of(dotted: str) -> str:
    """Which of our scopes an import of `venuetree…` reaches."""
    parts = dotted.split(".")[1:]
    if parts[:1] == ["cli"]:
        return "engine/cli"
    named = (s for s in MAY_IMPORT if parts[: s.count("/") + 1] == s.split("/"))
    return max(named, key=len, default="engine")


@pytest.mark.parametrize("scope", MAY_IMPORT)
def test_imports_go_down_only(scope: str) -> None:
    """No module imports of ours what is above it, and none imports relatively."""
    modules = sources(scope)
    upward = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules
        for line, name in imports(path)
        if name.split(".")[0] == "venuetree"
        and ("<relative>" in name or scope_of(name) not in MAY_IMPORT[scope])
    ]

    assert modules
    assert upward == []


def test_every_folder_of_the_package_has_a_rule() -> None:
    """Each top folder with modules in it is a scope, or is known to be outside the package."""
    outside = {"tests", "docs", "benchmarks", "build", "dist"}
    folders = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not path.name.startswith(".") and any(path.rglob("*.py"))
    }

    assert folders - outside == {scope for scope in MAY_IMPORT if "/" not in scope}


def test_protocol_is_pure() -> None:
    """`protocol/` imports no event loop, I/O, clock, randomness or log, and never awaits."""
    impure: list[str] = []
    for path in sources("protocol"):
        for line, name in imports(path):
            root = name.split(".")[0]
            if root == "venuetree" or (name == "os" and path.name == MAY_READ_ENVIRONMENT):
                continue
            if not any(name == allowed or name.startswith(f"{allowed}.") for allowed in PURE):
                impure.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                    impure.append(f"{path.relative_to(ROOT)}:{node.lineno} is asynchronous")
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                    if name in IMPURE_CALLS:
                        impure.append(f"{path.relative_to(ROOT)}:{node.lineno} calls {name}()")

    assert sources("protocol")
    assert impure == []


@pytest.mark.parametrize("scope", ["actors", "supervisors"])
def test_actors_and_supervisors_name_no_exchange(scope: str) -> None:
    """What is peculiar to an exchange is data behind the port, not even a comment here."""
    modules = sources(scope)
    named = [
        f"{path.relative_to(ROOT)}:{number} says {word}"
        for path in modules
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        for word in EXCHANGE_WORDS
        if word in line.lower()
    ]

    assert modules
    assert named == []

"""The package as others get it: a source archive, a wheel of it, and an import far from here."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = {
    "engine": "venuetree",
    "protocol": "venuetree/protocol",
    "actors": "venuetree/actors",
    "supervisors": "venuetree/supervisors",
    "scenarios": "venuetree/scenarios",
}
#: What a source archive is made of; no history, no tests.
SOURCES = (*FOLDERS, "pyproject.toml", "README.md", "LICENSE")

pytestmark = pytest.mark.slow


def run(*command: str, cwd: Path, path: str = "") -> str:
    """What a command printed; its stderr is in the failure if it fails."""
    environment = {**os.environ, "PYTHONPATH": path}
    # What is installed here is imported once: its bytecode is worth no cache.
    environment.pop("PYTHONPYCACHEPREFIX", None)
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(hook: str, source: Path, target: Path) -> Path:
    """Run one of the build backend's hooks in `source`, as pip does."""
    target.mkdir()
    code = f"import setuptools.build_meta as b; b.{hook}({str(target)!r})"
    run(sys.executable, "-W", "ignore", "-c", code, cwd=source)
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built of a source archive, built of a copy without git's history."""
    base = tmp_path_factory.mktemp("packaging")
    copy = base / "copy"
    copy.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        else:
            shutil.copy(source, copy / name)
    archive = build("build_sdist", copy, base / "sdist")
    with tarfile.open(archive) as opened:
        opened.extractall(base / "unpacked", filter="data")
    (unpacked,) = (base / "unpacked").iterdir()
    return build("build_wheel", unpacked, base / "wheel")


def modules() -> set[str]:
    """Every module of ours, as a path in the wheel."""
    return {
        f"{package}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, package in FOLDERS.items()
        for path in (ROOT / folder).rglob("*.py")
    }


def test_every_package_is_listed() -> None:
    """Each folder with an `__init__.py` stands in pyproject.toml's list, and nothing else."""
    packages = {name.rpartition("/")[0] for name in modules() if name.endswith("/__init__.py")}

    listed = PROJECT["tool"]["setuptools"]["packages"]
    assert set(listed) == {package.replace("/", ".") for package in packages}


def test_every_module_is_in_the_wheel(wheel: Path) -> None:
    """The wheel holds every module of the source, the typing marker, and no other code."""
    with zipfile.ZipFile(wheel) as opened:
        names = {name for name in opened.namelist() if ".dist-info/" not in name}

    assert names == modules() | {"venuetree/py.typed"}


def test_the_wheel_installs_and_imports_outside_the_repository(wheel: Path, tmp_path: Path) -> None:
    """Every module imports from where pip put it, with no word of the checkout."""
    target = tmp_path / "site"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir")
    run(
        *(*pip, "install", "--quiet", "--no-compile", "--no-deps", "--no-index"),
        *("--target", str(target), str(wheel)),
        cwd=tmp_path,
    )
    # Importing a `__main__` would run it.
    paths = sorted(path for path in modules() if not path.endswith("/__main__.py"))
    names = [path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in paths]
    code = f"import importlib\nfor n in {names!r}: print(importlib.import_module(n).__file__)"

    printed = run(sys.executable, "-c", code, cwd=tmp_path, path=str(target)).splitlines()

    assert printed == [str(target / path) for path in paths]


def test_the_command_is_called_venuetree(wheel: Path) -> None:
    """The wheel declares one console script, and the extras that messages tell of."""
    with zipfile.ZipFile(wheel) as opened:
        (info,) = {name.split("/")[0] for name in opened.namelist() if ".dist-info/" in name}
        scripts = opened.read(f"{info}/entry_points.txt").decode()
        metadata = opened.read(f"{info}/METADATA").decode().splitlines()

    assert scripts.split() == ["[console_scripts]", "venuetree", "=", "venuetree.cli:main"]
    assert {line for line in metadata if line.startswith("Provides-Extra: ")} == {
        "Provides-Extra: all",
        "Provides-Extra: cli",
        "Provides-Extra: simulate",
        "Provides-Extra: trio",
    }

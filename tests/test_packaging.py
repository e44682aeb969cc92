"""What ``setup.py`` packs is all that a worker needs."""

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.test_architecture import MODULES, PACKAGES, ROOT, imports

# What belongs to a package and is no module: cards, graphs, tables, a stylesheet some day.
DATA = [
    path.relative_to(ROOT).as_posix()
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*"))
    if path.is_file() and path.suffix not in {".py", ".pyc"}
]
MODEL_FOLDERS = [config.parent for config in sorted((ROOT / "models").glob("*/config.json"))]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sdist, and of the wheel that is built from it as a worker would.

    Built from a copy: what an earlier build left beside setup.py would be packed again.
    """
    copy = tmp_path_factory.mktemp("source")
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package)
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, copy],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> zipfile.ZipFile:
    """The wheel, opened."""
    return zipfile.ZipFile(next(dist.glob("*.whl")))


def test_every_module_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    """No package is forgotten when it is added."""
    packed = set(wheel.namelist())
    assert {path.relative_to(ROOT).as_posix() for path in MODULES.values()} <= packed


def test_only_the_three_packages_are_installed(wheel: zipfile.ZipFile) -> None:
    """Tests and scripts stay at home."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_every_other_file_is_packed(dist: Path) -> None:
    """In the sdist too: that is what Beam's --setup_file sends to workers."""
    assert "models/train/card.md" in DATA
    files = set(DATA)
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        assert files <= set(wheel.namelist())
    with tarfile.open(next(dist.glob("*.tar.gz"))) as sdist:
        assert files <= {name.partition("/")[2] for name in sdist.getnames()}


def test_every_library_of_the_job_is_declared(wheel: zipfile.ZipFile) -> None:
    """No module imports what only happens to be installed beside a dependency."""
    [metadata] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    declared = {
        re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")
        for requirement in message_from_bytes(wheel.read(metadata)).get_all("Requires-Dist")
    }
    owners = packages_distributions()
    for module, path in MODULES.items():
        if module.startswith("models.train"):  # has requirements of its own
            continue
        for library in {name.split(".")[0] for name in imports(path)}:
            if library in sys.stdlib_module_names or library in PACKAGES:
                continue
            owned_by = {owner.lower().replace("_", "-") for owner in owners.get(library, [library])}
            assert owned_by & declared, f"{module} imports {library}, which setup.py does not name"


def test_the_pins_are_within_the_ranges(wheel: zipfile.ZipFile) -> None:
    """requirements.txt installs what setup.py asks for."""
    from packaging.requirements import Requirement

    [metadata] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    asked = message_from_bytes(wheel.read(metadata)).get_all("Requires-Dist")
    pins = [
        Requirement(line)
        for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    for requirement in map(Requirement, asked):
        if requirement.marker is not None:
            continue
        found = [pin for pin in pins if pin.name == requirement.name]
        assert found, f"requirements.txt does not pin {requirement.name}"
        for pin in found:
            [exact] = pin.specifier
            assert requirement.specifier.contains(exact.version)


def test_the_command_works_whatever_lies_in_the_folder(dist: Path, tmp_path: Path) -> None:
    """A user's own models.py, transforms.py or pipeline.py is not taken for this program's."""
    wheel = next(dist.glob("*.whl"))
    env = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", env], check=True)
    site = next((env / "lib").glob("*/site-packages"))
    # The tests' own environment stands for the libraries.
    (site / "libraries.pth").write_text("\n".join(p for p in sys.path if "site-packages" in p))
    pip = [env / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, wheel], check=True)
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("models", "transforms", "pipeline", "numpy", "readline"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('the {name}.py of the folder')\n")
    shutil.copy(ROOT / "tests" / "cases" / "samples" / "PMC9900009.xml", folder)
    program = env / "bin" / "annotate-articles"
    for words in (
        ["--version"],
        ["annotate", "--input", "PMC9900009.xml", "--output", "out", "--quiet"],
        ["show", "out", "PMC9900009"],
        ["verify", "out"],
    ):
        done = subprocess.run(
            [program, *words], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "out" / "pages" / "PMC9900009.html").is_file()


def test_embedded_models_are_found_where_the_package_is_installed(
    dist: Path, tmp_path: Path
) -> None:
    """The job's modules load from the installed wheel alone, whatever folder one stands in."""
    installed = tmp_path / "installed"
    wheel = next(dist.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", installed, wheel], check=True)
    code = """
import sys
import pipeline.commands.annotate
from models.model import load_model
for name in sys.argv[1:]:
    load_model(name)
"""
    subprocess.run(
        [sys.executable, "-c", code, *(folder.name for folder in MODEL_FOLDERS)],
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed)},
    )

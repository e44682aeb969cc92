"""Who may import whom, and which library may be known where: read off the imports."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

import transforms

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipeline", "transforms", "models")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}

# The stages as the guide in ``transforms`` lists them: one a line, with its modules.
STAGES = [
    {f"transforms.{name}" for name in re.findall(r"``(\w+)``", line)}
    for line in str(transforms.__doc__).split("=\n")[2].splitlines()
    if "``" in line
]

# What libraries of the pipeline know: the output folder, the stages, the models.
BELOW = ("pipeline.output*", "transforms*", "models*")

# Modules of the project that a module may import. The first pattern that fits counts.
OF_THE_PROJECT = {
    "pipeline.output*": ("pipeline.output*", "transforms*"),
    "pipeline.job*": ("pipeline", "pipeline.job*", *BELOW),
    "pipeline.results*": ("pipeline.results*", *BELOW),
    "pipeline.evaluation*": ("pipeline.evaluation*", *BELOW),
    "pipeline.beam*": ("pipeline.beam*", "pipeline.job*", *BELOW),
    "pipeline.api": ("pipeline.results*", *BELOW),
    "pipeline.commands": (),
    "pipeline.commands.*": (
        *("pipeline.commands.flags", "pipeline.beam*", "pipeline.job*", "pipeline.results*"),
        *("pipeline.evaluation*", *BELOW),
    ),
    "pipeline.__main__": ("pipeline", "pipeline.commands", "transforms.errors"),
    "pipeline*": (),
    "transforms*": ("transforms*",),
    "models*": ("models*", "transforms*"),
}

# Where a library that a stage is about may be imported.
OF_OTHERS = {
    "apache_beam": ("pipeline.beam.*",),
    "lxml": (
        "transforms.jats*",
        "pipeline.results.resolve",
        "pipeline.results.xmltext",
    ),
    "jinja2": ("pipeline.results.pages",),
    "pyarrow": ("transforms.shards", "transforms.tables", "models.terminology.*", "pipeline.*"),
    "onnxruntime": ("models.*",),
    "tokenizers": ("models.*", "transforms.windows", "transforms.inference"),
    "smart_open": ("transforms.archives.files", "models.fetch"),
    "torch": ("models.*",),
    "transformers": ("models.*",),
}


def imports(path: Path) -> set[str]:
    """Dotted names that a module imports, wherever in it: ``a.b`` for ``from a import b`` too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports name their package"
            names |= {
                dotted if (dotted := f"{node.module}.{alias.name}") in MODULES else node.module
                for alias in node.names
            }
    return names


def fits(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a dotted name matches one of the patterns."""
    return any(fnmatch(name, pattern) for pattern in patterns)


@pytest.mark.parametrize("module", MODULES)
def test_dependencies_point_from_pipeline_to_models_to_transforms(module: str) -> None:
    """A module of the job imports only what its package may know of the project."""
    allowed = next(to for of, to in OF_THE_PROJECT.items() if fnmatch(module, of))
    own = {name for name in imports(MODULES[module]) if name.split(".")[0] in PACKAGES}
    assert not {name for name in own if not fits(name, allowed)}


@pytest.mark.parametrize("module", MODULES)
def test_a_library_is_known_only_where_its_work_is_done(module: str) -> None:
    """Swapping lxml, Arrow or ONNX Runtime for another touches one or two modules."""
    strayed = {
        name
        for name in imports(MODULES[module])
        if not fits(module, OF_OTHERS.get(name.split(".")[0], ("*",)))
    }
    assert not strayed


def reached_from(module: str) -> set[str]:
    """The modules of the project that a module needs, directly or through others."""
    reached: set[str] = set()
    left = [module]
    while left:
        new = {name for name in imports(MODULES[left.pop()]) if name in MODULES} - reached
        reached |= new
        left += new
    return reached


@pytest.mark.parametrize("module", MODULES)
def test_no_module_needs_itself(module: str) -> None:
    """There is no circle of imports, however long."""
    assert module not in reached_from(module)


def test_the_guide_names_every_module() -> None:
    """Of ``transforms``; so it says of each whether it is a stage."""
    names = {module.split(".")[1] for module in MODULES if module.startswith("transforms.")}
    assert names <= set(re.findall(r"``(\w+)", str(transforms.__doc__)))


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: "+".join(sorted(stage)))
def test_a_stage_knows_no_other_stage(stage: set[str]) -> None:
    """Not through other modules either; what composes stages is none."""
    modules = [module for module in MODULES if _first_two(module) in stage]
    others = set().union(*STAGES) - stage
    assert modules
    for module in modules:
        assert not {name for name in reached_from(module) if _first_two(name) in others}


def _first_two(module: str) -> str:
    """A module or the package of ``transforms`` that it is in."""
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize("module", MODULES)
def test_beam_sees_real_types(module: str) -> None:
    """Beam takes postponed annotations for ``Any`` and stops checking the graph."""
    names = imports(MODULES[module])
    assert not ("__future__" in names and any(name.startswith("apache_beam") for name in names))

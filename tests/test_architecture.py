"""Who may import whom, and which library may be known where: read off the imports."""

import ast
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipeline", "transforms", "models")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
JOB = {name: path for name, path in MODULES.items() if not name.startswith("models.train")}
# What the stages hand on, what a model's labels mean, clients of buckets: no stages themselves.
SHARED = ("transforms.errors", "transforms.records", "transforms.labels", "transforms.remote")
STAGES = {name for name in JOB if fnmatch(name, "transforms.?*")} - set(SHARED)

# What libraries of the pipeline know: the output folder, the stages, the models.
BELOW = ("pipeline.output*", "transforms*", "models*")

# Modules of the project that a module may import. The first pattern that fits counts.
OF_THE_PROJECT = {
    "pipeline.output*": ("pipeline.output*", "transforms*"),
    "pipeline.job*": ("pipeline", "pipeline.job*", *BELOW),
    "pipeline.results*": ("pipeline.results*", *BELOW),
    "pipeline.evaluation*": ("pipeline.evaluation*", *BELOW),
    "pipeline.beam*": ("pipeline.beam*", "pipeline.job*", *BELOW),
    "pipeline.commands": (),
    "pipeline.commands.*": (
        *("pipeline.commands.flags", "pipeline.beam*", "pipeline.job*", "pipeline.results*"),
        *("pipeline.evaluation*", *BELOW),
    ),
    "pipeline.__main__": ("pipeline.commands", "transforms.errors"),
    "pipeline*": (),
    "transforms.errors": (),
    "transforms.journey": ("transforms*", "models*"),
    "transforms.records": ("transforms.errors",),
    "transforms.jats*": ("transforms.records", "transforms.jats.*"),  # one stage
    "transforms.inference": (*SHARED, "models*"),
    "transforms.sections*": ("transforms.records", "transforms.sections.*"),  # one stage
    "transforms.archives*": (
        *("transforms.errors", "transforms.records", "transforms.remote"),
        "transforms.archives.*",
    ),
    "transforms.remote": (),
    "transforms*": SHARED,
    "models*": ("models*", *SHARED),
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
    "pyarrow": ("transforms.shards", "pipeline.*"),
    "onnxruntime": ("models.*",),
    "tokenizers": ("models.*", "transforms.windows"),
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


@pytest.mark.parametrize("module", JOB)
def test_dependencies_point_from_pipeline_to_transforms_to_records(module: str) -> None:
    """A module of the job imports only what its package may know of the project."""
    allowed = next(to for of, to in OF_THE_PROJECT.items() if fnmatch(module, of))
    own = {name for name in imports(JOB[module]) if name.split(".")[0] in PACKAGES}
    assert not {name for name in own if not fits(name, allowed)}


@pytest.mark.parametrize("module", JOB)
def test_a_library_is_known_only_where_its_work_is_done(module: str) -> None:
    """Swapping lxml, Arrow or ONNX Runtime for another touches one or two modules."""
    strayed = {
        name
        for name in imports(JOB[module])
        if not fits(module, OF_OTHERS.get(name.split(".")[0], ("*",)))
    }
    assert not strayed


def test_the_journey_alone_composes_the_stages() -> None:
    """No stage calls another."""
    composing = {
        stage
        for stage in STAGES
        if {_stage(name) for name in imports(MODULES[stage]) & STAGES} - {_stage(stage)}
    }
    assert composing == {"transforms.journey"}


def _stage(module: str) -> str:
    """The stage that a module is, or is a part of."""
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize("module", JOB)
def test_beam_sees_real_types(module: str) -> None:
    """Beam takes postponed annotations for ``Any`` and stops checking the graph."""
    names = imports(JOB[module])
    assert not ("__future__" in names and any(name.startswith("apache_beam") for name in names))

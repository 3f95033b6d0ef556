"""Who runs the planned mutants: this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assay.change.git import working_tree_files
from assay.errors import UsageError
from assay.execution.mutants import AS_USUAL, Listener, MutantRun, MutantRunner, RunOptions
from assay.execution.timeouts import Limits
from assay.model.impact import ImpactMap
from assay.model.mutant import PlannedMutant
from assay.model.source import SourceFile
from assay.progress import Progress
from assay.project import Project
from assay.recording import Suite

if TYPE_CHECKING:
    from assay.execution.cluster.terms import Terms

INSTALL = "pip install 'assay[dask]'"

VARIABLES = (
    "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
    "PYTHONUTF8",
    "LANG",
    "LC_ALL",
    "TZ",
)
"""What a test's outcome may depend on though no code of the project reads it."""

OF_THE_MACHINE = frozenset(
    """
    HOME HOSTNAME LD_LIBRARY_PATH LOGNAME OLDPWD PATH PWD PYTHONHOME PYTHONPATH SHELL SHLVL TEMP
    TMP TMPDIR USER USERNAME VIRTUAL_ENV XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME
    XDG_RUNTIME_DIR
    """.split()
)
"""What tests may read, and each machine has its own value of."""


class Runner(Protocol):
    """Runs a plan; what an interrupt leaves over is Pending."""

    def run(self, planned: Sequence[PlannedMutant]) -> MutantRun: ...


def check_scheduler(project: Project) -> None:
    """Before anything takes time: an AssayError if there is no cluster to run on."""
    if project.config.scheduler:
        _require_dask()
        from assay.execution.cluster.client import PATIENCE
        from assay.execution.cluster.connection import connected

        with connected(project.config.scheduler, PATIENCE.scheduler):
            pass


def runner_of(
    suite: Suite,
    sources: Mapping[str, SourceFile],
    limits: Limits,
    impact: ImpactMap,
    listener: Listener,
    options: RunOptions,
    progress: Progress,
) -> Runner:
    """UsageError for options that a cluster does not know."""
    address = suite.project.config.scheduler
    if not address:
        return MutantRunner(suite.bench(sources, limits), listener, options)
    if replace(options, seed=AS_USUAL.seed) != AS_USUAL:
        raise UsageError("--budget, --isolation and --verify do not go together with --scheduler")
    _require_dask()
    from assay.execution.cluster.client import ClusterRunner, Watch
    from assay.execution.cluster.snapshot import pack

    project = suite.project
    files = files_of(suite, impact)
    return ClusterRunner(
        address,
        terms_of(suite, sources, limits, impact),
        lambda: pack(project.repo, files, project.config.snapshot_megabytes),
        Watch(progress.say, listener),
    )


def _require_dask() -> None:
    """Nothing else of assay imports distributed, which takes a second."""
    try:
        import distributed  # noqa: F401
    except ImportError as missing:
        raise UsageError(
            f"--scheduler needs Dask, which is not installed beside assay ({missing}): {INSTALL}"
        ) from missing


# -- what is shipped


def files_of(suite: Suite, impact: ImpactMap) -> frozenset[str]:
    """Files that git does not ignore, and ignored ones that the tests were seen to use: a version
    written by the build, a compiled extension."""
    project = suite.project
    if project.is_repository:
        found = set(working_tree_files(project.repo))
    else:
        from assay.execution.cluster.snapshot import files_below

        found = set(files_below(project.repo, suite.settings.excluded))
    prefix = f"{project.repo}/"
    excluded = tuple(f"{directory}/" for directory in suite.settings.excluded)
    used = {path for node in impact.nodes.values() for path in node.files}
    used |= {
        file.removeprefix(prefix)
        for file in suite.collected.modules.values()
        if file.startswith(prefix)
    }
    for path in used:
        place = project.repo / path
        if not str(place).startswith(excluded) and place.is_file():
            found.add(path)
    return frozenset(found)


def terms_of(
    suite: Suite, sources: Mapping[str, SourceFile], limits: Limits, impact: ImpactMap
) -> Terms:
    from assay.execution.cluster.agreement import facts_of
    from assay.execution.cluster.terms import Terms

    project, settings = suite.project, suite.settings
    return Terms(
        name=project.repo.name or "project",
        client=str(project.repo),
        project=project.root.relative_to(project.repo).as_posix(),
        excluded=project.config.exclude,
        roots=tuple(roots_of(suite)),
        python=interpreter_of(suite),
        pytest_args=settings.pytest_args,
        variables=variables_of(impact, project.environ),
        sources=sources,
        limits=limits,
        expected=facts_of(suite.collected, project.repo, settings.excluded),
        distributions=tuple(distributions_of({project.root, project.repo})),
        memory_limit=settings.memory_limit,
        collection_limit=settings.collection_limit,
    )


def roots_of(suite: Suite) -> Iterator[str]:
    """Where the project's top-level modules are found, in the order of `sys.path`; then where only
    an editable install's own finder knows of them."""
    prefix = f"{suite.project.repo}/"
    known = dict.fromkeys(
        entry.removeprefix(prefix) if entry.startswith(prefix) else ""
        for entry in suite.collected.search_path
        if f"{entry}/".startswith(prefix) and not entry.startswith(suite.settings.excluded)
    )
    others = [
        root for root in suite.roots if not f"{prefix}{root}".startswith(suite.settings.excluded)
    ]
    yield from dict.fromkeys([*known, *others])


def interpreter_of(suite: Suite) -> str:
    """What `--python` or the settings name; a command is looked for on the worker's own PATH."""
    wanted = suite.project.python
    if wanted is None:
        return ""
    return suite.settings.interpreter.path if "/" in wanted else wanted


def variables_of(impact: ImpactMap, environ: Mapping[str, str]) -> dict[str, str | None]:
    """The values that the tests depend on, as recorded; None for those that are not set."""
    read = {name for node in impact.nodes.values() for name in node.env}
    names = ({*VARIABLES, *read} - OF_THE_MACHINE) - {"*"}
    return {name: environ.get(name) for name in sorted(names)}


def distributions_of(directories: Iterable[Path]) -> Iterator[str]:
    """Names of the distributions that the directories are the source of."""
    for directory in directories:
        try:
            text = (directory / "pyproject.toml").read_text(encoding="utf-8")
            document = tomllib.loads(text)
        except (OSError, ValueError):
            continue
        tool = document.get("tool")
        poetry = tool.get("poetry") if isinstance(tool, dict) else None
        for table in (document.get("project"), poetry):
            if isinstance(table, dict) and isinstance(table.get("name"), str):
                yield table["name"]

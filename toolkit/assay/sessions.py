"""Collected sessions of trees other than the user's: the same interpreter, other sources."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assay.change.trees import files_below
from assay.errors import BaselineError, InconclusiveError
from assay.execution.evidence import EvidenceRunner, IsTest, Reader, ended_without_exception
from assay.execution.interpreter import STANDARD_FIRST
from assay.execution.printed import last_traceback
from assay.execution.process import run_briefly
from assay.execution.suite import collected_from
from assay.execution.zygote import Zygote, ZygoteSettings
from assay.impact.record import Tree
from assay.model.evidence import WHOLE_SUITE, Evidence, FrameKind, is_kept_by
from assay.model.source import decode
from assay.progress import Progress
from assay.project import Project, is_test_file
from assay.recording import Suite

_ASK = (
    f"{STANDARD_FIRST}"
    "maps = [getattr(sys.modules.get(getattr(f, '__module__', ''), f), 'MAPPING', {})"
    " for f in sys.meta_path]\n"
    "found = [p for m in maps if isinstance(m, dict) for p in m.values() if isinstance(p, str)]\n"
    "print('assay:' + json.dumps({'path': sys.path, 'mapped': found}))"
)
"""Editable installs are a directory in `sys.path`, or a finder of setuptools with a `MAPPING` of
packages to their directories."""


_ERROR = re.compile(
    r"(?:INTERNALERROR> +)?(?:[\w.()]+: )?(?P<error>error: .+|[\w.]*(?:Error|Exception|Exit)\b.*)"
)

PRINTED = 40_000
"""Characters of what pytest printed in which a traceback is looked for."""

LAST_LINES = 8
"""So much is told of what pytest said before it gave up."""


@dataclass(frozen=True, slots=True)
class Session:
    """One tree, collected or not. `suite` is None where pytest collected nothing at all; `problem`
    says why then. `broken` is what the files that could not be collected left behind, by file; at
    `WHOLE_SUITE` why nothing is collected, where no file is known to be the reason. `excluded` are
    directories whose code is not the project's."""

    name: str
    root: Path
    suite: Suite | None
    problem: BaselineError | None
    broken: Mapping[str, Evidence]
    excluded: tuple[str, ...]

    @property
    def node_ids(self) -> tuple[str, ...]:
        return () if self.suite is None else tuple(i.node_id for i in self.suite.collected.items)

    @property
    def paths(self) -> Mapping[str, str]:
        """Each test's file, relative to the tree."""
        return (
            {}
            if self.suite is None
            else {item.node_id: item.path for item in self.suite.collected.items}
        )

    def breaker_of(self, path: str) -> str | None:
        """What keeps a test file from being collected: itself, a conftest or a directory that it
        lies below, or whatever the whole suite suffers from; None if nothing does."""
        return next((one for one in self.broken if is_kept_by(path, one)), None)


def tests_of(session: Session) -> IsTest:
    """Whether a path of the tree belongs to the tests."""
    collected = frozenset(session.paths.values()) | frozenset(session.broken)
    return lambda path: is_test_file(path, collected)


def runner_of(session: Session, seconds: Mapping[str, float], progress: Progress) -> EvidenceRunner:
    """Runs tests of a session that was collected."""
    suite = session.suite
    assert suite is not None
    return EvidenceRunner(
        suite.settings,
        suite.zygote,
        suite.collected,
        suite.limits(seconds),
        tests_of(session),
        progress.test,
    )


def import_places(project: Project, settings: ZygoteSettings) -> tuple[str, ...]:
    """Directories of the project, relative to it, that its interpreter imports from."""
    env = settings.test_environ
    done = run_briefly([settings.interpreter.path, "-c", _ASK], project.root, env, 60.0)
    line = next((x[6:] for x in done.output.splitlines() if x.startswith("assay:")), "{}")
    told = json.loads(line)
    mapped = [str(Path(place).parent) for place in told.get("mapped", ())]
    named: list[str] = [*told.get("path", ()), *mapped]
    found = [Path(place).resolve() for place in named if place]
    inside = [p.relative_to(project.repo).as_posix() for p in found if _within(p, project)]
    usual = [name for name in ("src", "lib") if (project.root / name).is_dir()]
    below = project.root.relative_to(project.repo)
    of_root = [below.as_posix()] if below.parts else []
    return tuple(dict.fromkeys([*inside, *((below / n).as_posix() for n in usual), *of_root]))


def _within(place: Path, project: Project) -> bool:
    return place.is_relative_to(project.repo) and not any(
        place.is_relative_to(excluded) for excluded in project.excluded_directories()
    )


def moved(text: str, own: str, root: Path) -> str:
    """A path, or an argument with paths, for another tree; what only begins alike (`shop` and
    `shop-lib`) stays."""
    return re.sub(rf"(?<![\w.-]){re.escape(own)}(?=/|:|$)", lambda _: str(root), text)


def tree_settings(
    project: Project, settings: ZygoteSettings, places: Sequence[str], root: Path
) -> ZygoteSettings:
    """The project's settings for another tree of it."""
    own = str(project.repo)
    below = project.root.relative_to(project.repo)
    before = project.environ.get("PYTHONPATH", "")
    paths: list[str] = [str(root / place) for place in (*places, str(below))]
    paths += [moved(entry, own, root) for entry in before.split(":") if entry]
    environ = {**project.environ, "PYTHONPATH": ":".join(dict.fromkeys(paths))}
    return replace(
        settings,
        project=root / below,
        repo=root,
        pytest_args=tuple(moved(arg, own, root) for arg in settings.pytest_args),
        excluded=(
            *settings.excluded,
            *(moved(place, own, root) for place in settings.excluded),
        ),
        environ=environ,
        stands_for=project.repo,
    )


@contextlib.contextmanager
def session_of(
    project: Project,
    settings: ZygoteSettings,
    name: str,
    progress: Progress,
    only: Iterable[str] | None = None,
) -> Iterator[Session]:
    """Start pytest in a tree and let it collect; its processes are gone afterwards.

    `only` are the test files to collect, relative to the tree. InconclusiveError if the tests there
    import the project from elsewhere.
    """
    progress.stage(f"collecting {name}")
    tree = replace(project, root=settings.project, repo=settings.repo, environ=settings.environ)
    more = {} if only is None else {"only": [str(settings.repo / path) for path in only]}
    with Zygote(settings, "collected", record=False, more=more) as zygote:
        try:
            collected = collected_from(zygote, settings.repo, tolerant=True)
        except BaselineError as problem:
            broken = _broken(settings, zygote, frozenset())
            if not broken:
                broken = _by_file(settings, [_not_started(settings, zygote, problem)])
            yield Session(name, settings.repo, None, problem, broken, settings.excluded)
            return
        _check_origin(project, settings, collected.modules, name)
        suite = Suite(tree, settings, zygote, collected, Tree(settings.repo))
        paths = frozenset(item.path for item in collected.items)
        broken = _broken(settings, zygote, paths)
        yield Session(name, settings.repo, suite, None, broken, settings.excluded)


def _not_started(settings: ZygoteSettings, zygote: Zygote, problem: BaselineError) -> Evidence:
    """What was raised where pytest collected nothing, else what it said last: the reason stands at
    the end."""
    told = last_traceback(zygote.output(PRINTED))
    if told is not None:
        # Assay's own frames say nothing to the reader.
        ours = f"{settings.state}/"
        told["frames"] = [row for row in told["frames"] if not row[0].startswith(ours)]
        reader = Reader(settings, lambda path: is_test_file(path, frozenset()))
        return reader.evidence("", {"phase": "collect", "chain": [told]})
    said = [line.strip() for line in problem.details if line.strip(" =")]
    named = [found["error"] for line in said if (found := _ERROR.match(line)) is not None]
    message = ": ".join([problem.message.rstrip(":"), *named[-1:]])
    text = "\n".join([message, *said[-LAST_LINES:]])
    text = text.replace(f"{settings.repo}/", "").replace(str(settings.repo), ".")
    return ended_without_exception("", "collect", text)


def _broken(settings: ZygoteSettings, zygote: Zygote, paths: frozenset[str]) -> dict[str, Evidence]:
    reader = Reader(settings, lambda path: is_test_file(path, paths))
    return _by_file(settings, [reader.evidence(told["test"], told) for told in zygote.problems])


def _by_file(settings: ZygoteSettings, failed: Iterable[Evidence]) -> dict[str, Evidence]:
    found: dict[str, Evidence] = {}
    for evidence in failed:
        path = _breaking(settings, evidence)
        found.setdefault(path, replace(evidence, test=evidence.test or path))
    return found


def _breaking(settings: ZygoteSettings, evidence: Evidence) -> str:
    """The file that cannot be collected, relative to the tree: of all below a conftest, that."""
    conftest = evidence.error.attributes.get("conftest")
    if isinstance(conftest, str) and (settings.repo / conftest).is_file():
        return conftest
    where = evidence.test.partition("::")[0]
    if where:
        return (settings.project.relative_to(settings.repo) / where).as_posix()
    frame = evidence.main.last_own_frame
    is_conftest = frame is not None and frame.kind is FrameKind.CONFTEST
    return frame.path if frame is not None and is_conftest else WHOLE_SUITE


def _check_origin(
    project: Project, settings: ZygoteSettings, modules: Mapping[str, str], name: str
) -> None:
    """What the tests import must be the tree's, or they say nothing of it."""
    excluded = tuple(f"{place}/" for place in project.excluded_directories())
    own = f"{project.repo}/"
    strangers = sorted(
        f"{module} from {file}"
        for module, file in modules.items()
        if file.startswith(own) and not file.startswith((*excluded, f"{project.state}/"))
    )
    if strangers and not str(settings.repo).startswith(own):
        raise InconclusiveError(
            f"the tests at {name} import the project from your working tree: "
            "something puts it in front of PYTHONPATH",
            tuple(strangers[:5]),
        )


def settings_of(session: Session) -> str:
    """The project's own pytest settings, as one line."""
    lines = () if session.suite is None else session.suite.collected.fingerprint
    start = "pytest.ini="
    return next((line.removeprefix(start) for line in lines if line.startswith(start)), "")


def texts_of(session: Session) -> dict[str, str]:
    """The Python files of a tree; one that cannot be read as text is empty."""
    excluded = tuple(f"{place}/" for place in session.excluded)
    texts = {}
    for path in files_below(session.root):
        whole = session.root / path
        if path.endswith(".py") and not str(whole).startswith(excluded):
            with contextlib.suppress(OSError):
                texts[path] = text_of(whole.read_bytes()) or ""
    return texts


def text_of(content: bytes | None) -> str | None:
    """A Python file's text, its lines ended by `\n`; "" if it is none."""
    if content is None:
        return None
    try:
        text = decode(content)
    except (SyntaxError, LookupError, UnicodeDecodeError):
        return ""
    return text.replace("\r\n", "\n").replace("\r", "\n")

"""What about the set-up makes every verdict worthless: signs that something else is tested."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from assay.impact.record import Tree
from assay.model.change import SemanticChange
from assay.model.impact import ImpactMap, TestRecord
from assay.model.run import TestOutcome
from assay.mutation.targets import Target
from assay.recording import Suite


def misled(
    suite: Suite, change: SemanticChange, targets: Sequence[Target], impact: ImpactMap
) -> Iterator[str]:
    """One sentence for each reason why the answer is not conclusive; none if all is well."""
    sources = {**change.sources, **{target.source.path: target.source for target in targets}}
    digests = {path: {source.sha} for path, source in sources.items()}
    for path, base in change.bases.items():
        digests.setdefault(path, set()).add(base.sha)
    items = [item.node_id for item in suite.collected.items]
    yield from idle([impact.tests[t] for t in items if t in impact.tests])
    # Not the tree that was read at the start: files may have changed since.
    now = Tree(suite.project.repo)
    yield from (
        f"{target.source.path} changed while assay ran: run it again (do tests write into it?)"
        for target in targets
        if now.sha(target.source.path) != target.source.sha
    )
    recorded = {path for node in impact.nodes.values() for path in node.lines}
    unseen = {path: found for path, found in digests.items() if path not in recorded}
    roots = {"", "src", "lib", *suite.roots}
    elsewhere = (str(suite.project.repo) + "/", suite.settings.excluded)
    yield from shadowed(unseen, suite.collected.modules, roots, *elsewhere)


def idle(records: Collection[TestRecord]) -> Iterator[str]:
    """Whether no test can notice anything, though none fails."""
    ends = Counter(record.outcome for record in records)
    if records and TestOutcome.PASSED not in ends:
        counts = ", ".join(f"{count} {end.value}" for end, count in ends.most_common())
        yield f"none of the tests passes ({counts}): nothing can be noticed"


def shadowed(
    digests: Mapping[str, Collection[str]],
    modules: Mapping[str, str],
    roots: Collection[str],
    repo: str,
    excluded: Sequence[str],
) -> Iterator[str]:
    """Files whose module was imported from a copy elsewhere: the tests test the copy.

    `digests` has the files that no test ran, with the SHA-256 of their contents now and at the
    base. A copy inside the repository (such as in `build/`) is known by one of these contents; one
    outside, where another version may be installed, by its name.
    """
    for path, known in digests.items():
        if repo + path in modules.values():
            continue
        for name, file in modules.items():
            if not could_be(path, name, roots) or not is_copy(file, known, repo, excluded):
                continue
            yield (
                f"{path} is not what the tests import: they import {name} from {file}; install "
                "the project in editable mode, or the change is not tested at all"
            )
            break


def could_be(path: str, name: str, roots: Collection[str]) -> bool:
    """Whether the file could be the module of that dotted name."""
    stem = path.removesuffix(".py").removesuffix("/__init__")
    if "." not in name:
        # Such names are common: only where modules are looked for, and nothing of Python's own.
        parent, _, last = stem.rpartition("/")
        return last == name and parent in roots and name not in sys.stdlib_module_names
    tail = name.replace(".", "/")
    return stem == tail or stem.endswith("/" + tail)


def is_copy(file: str, known: Iterable[str], repo: str, excluded: Sequence[str]) -> bool:
    """Whether an imported file is an installed module, or has one of the contents."""
    if not file.startswith(repo) or file.startswith(tuple(f"{place}/" for place in excluded)):
        return True
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() in set(known)
    except OSError:
        return False

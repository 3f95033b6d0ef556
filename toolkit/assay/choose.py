"""Asks the stored map and the tree what a change touches, and has the tests selected."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from assay.change.delta import file_delta, whole_file
from assay.change.version import imported_modules
from assay.impact.imports import candidates, module_names
from assay.impact.readers import Mentions
from assay.impact.record import Tree, text_of, variable_digest
from assay.impact.store import Store
from assay.model.change import FileStatus, SemanticChange
from assay.model.difference import Difference
from assay.model.impact import (
    MODULE_PREFIX,
    POSITIONS,
    SESSION_KEY,
    TEST_PREFIX,
    UNSEEN_NAMES,
    Source,
    TestRecord,
    module_key,
)
from assay.model.run import CollectedItem
from assay.model.selection import Reason, ReasonKind, Selection
from assay.project import is_test_file
from assay.selection.select import (
    NO_MAP,
    SETTLED,
    Affected,
    may_be_selected,
    reaches_collection,
    select,
    spread,
)
from assay.selection.touch import Altered, Cause, FactsNow, alter, touched_blocks, touched_facts

MANY_NODES = 400
"""How many nodes below a module are followed to learn what it has imported already."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The tree and the process as they are now.

    `roots` are those of imports, `python_files` what there is, `environ` the environment of the
    tests, `importable` the files whose import is known to succeed now (a collection has done it).
    """

    tree: Tree
    roots: Sequence[str]
    python_files: frozenset[str]
    environ: Mapping[str, str]
    importable: Collection[str] = ()


class Chooser:
    """Selects from one store for one change; what is asked twice is answered once."""

    def __init__(self, store: Store, change: SemanticChange, situation: Situation) -> None:
        self._store = store
        self._change = change
        self._now = situation
        self._records: Mapping[str, TestRecord] | None = None
        self._test_files = store.test_files()
        self._empty = store.is_empty()
        self._kills: dict[str, int] = json.loads(store.meta("kills") or "{}")
        self._affected: Affected | None = None
        self._unproven = False
        self._plugin_paths: frozenset[str] | None = None

    def choose(
        self, items: Iterable[CollectedItem] | None = None, general: Reason | None = None
    ) -> Selection:
        """The selected tests among `items`; of all recorded ones if None."""
        general = NO_MAP if self._empty else general
        if items is None and general is None:
            return self._choose_recorded()
        if items is None:
            items = [CollectedItem(t, r.path, 0, False) for t, r in self.records.items()]
        affected = Affected({}, {}) if general else self.affected()
        return select(items, self.records, affected, general, self._kills)

    def _choose_recorded(self) -> Selection:
        """Of a hundred thousand tests only those are looked at that may be selected."""
        affected = self.affected()
        everybody = self._store.standing(SETTLED)
        items = may_be_selected(everybody, affected)
        records = self._store.tests(item.node_id for item in items)
        found = select(items, records, affected, None, self._kills)
        chosen = set(found.node_ids)
        return replace(found, dropped=tuple(t for t, _, _ in everybody if t not in chosen))

    @property
    def records(self) -> Mapping[str, TestRecord]:
        """Every test's record."""
        if self._records is None:
            self._records = self._store.tests()
        return self._records

    def needs_collection(self) -> bool:
        """Whether collecting may find other tests than those recorded, or tell more."""
        if self._empty or self._may_hold_new_tests():
            return True
        affected = self.affected()
        return self._unproven or reaches_collection(spread(affected))

    @property
    def reached(self) -> frozenset[str]:
        """Keys of the recorded nodes that are not tests and have something changed beneath them."""
        keys = () if self._empty else self.affected().nodes
        return frozenset(key for key in keys if not key.startswith(TEST_PREFIX))

    # -- what the change reaches

    def affected(self) -> Affected:
        if self._affected is None:
            self._affected = self._find()
        return self._affected

    def _find(self) -> Affected:
        differences = self._differences()
        mentions = Mentions(_LazyTexts(self._store))
        before = self._imported_before(differences)
        tree = self._now.tree
        importable = {
            (path, sha)
            for path, sha in differences
            if path in self._now.importable or tree.sha(path) == sha
        }
        altered = alter(differences, mentions, importable, before)
        # Without a collection there is no proof yet; whether one would help is told apart.
        self._unproven = (
            any(one.at_import and not one.difference.at_import for one in altered)
            and not self._now.importable
        )
        sources = {one.source[0] for one in altered}
        sources |= {p for one in altered if one.readers for p, _ in one.readers.lines}
        blocks = touched_blocks(self._store.blocks(sources), altered)
        new_files = self._new_files()
        facts = touched_facts(
            self._store.facts("file", "dir", "exists", "env", "name", "opaque"),
            self._facts_now(new_files, anything=bool(altered or new_files)),
        )
        direct = self._direct_rows(blocks, facts)
        for one in altered:
            if one.at_import:
                key = module_key(one.source[0])
                # Imported in a way that was not seen, it has no node of its own.
                for row in self._store.rows_of([key]) or self._store.users(key):
                    direct[row] = _nearer(direct.get(row), one.cause)
        self._unseen(altered, direct)
        self._positions(direct)
        part = self._store.part(self._store.closure(direct))
        keys = self._store.keys(direct)
        return Affected(
            nodes=part.nodes,
            direct={keys[row]: cause for row, cause in direct.items()},
            altered=tuple(altered),
            conftests=tuple(p for p in new_files if p.rpartition("/")[2] in _APPLY_BELOW),
            everywhere=frozenset(p for p in new_files if self._has_wide_hooks(p)),
        )

    def _has_wide_hooks(self, path: str) -> bool:
        """Whether a new conftest has a hook that pytest calls for all tests at once."""
        text = self._now.tree.text(path) if path.endswith("conftest.py") else None
        return bool(text and _WIDE_HOOKS.search(text))

    def _direct_rows(
        self, blocks: Mapping[int, Cause], facts: Mapping[int, Cause]
    ) -> dict[int, Cause]:
        direct: dict[int, Cause] = {}
        for pairs, causes in (
            (self._store.nodes_by_block(blocks), blocks),
            (self._store.nodes_by_fact(facts), facts),
        ):
            for node, item in pairs:
                direct[node] = _nearer(direct.get(node), causes[item])
        return direct

    def _unseen(self, altered: Iterable[Altered], direct: dict[int, Cause]) -> None:
        """Tests whose text is not among what was recorded may name what differs anywhere below."""
        flags = [fact.id for fact in self._store.facts("flag") if fact.name == UNSEEN_NAMES]
        tests = {node for node, _ in self._store.nodes_by_fact(flags)} if flags else set()
        for one in altered if tests else ():
            if one.readers is None or one.at_import:
                continue
            module = self._store.rows_of([module_key(one.source[0])])
            for node in self._store.closure(module) & tests:
                direct[node] = _nearer(direct.get(node), one.cause)

    def _positions(self, direct: dict[int, Cause]) -> None:
        """Nodes that look at positions or texts are affected by any edit of a file they ran."""
        edited = {path for path, sha in self._store.sources() if self._now.tree.sha(path) != sha}
        edited |= {file.path for file in self._change.change.files}
        flags = [fact.id for fact in self._store.facts("flag") if fact.name == POSITIONS]
        if not flags or not edited:
            return
        lookers = {node for node, _ in self._store.nodes_by_fact(flags)}
        blocks = {block.id: block.source[0] for block in self._store.blocks(edited)}
        for node, block in self._store.nodes_by_block(blocks):
            if node in lookers:
                text = f"{blocks[block]}, whose line numbers or text it may look at, was edited"
                direct[node] = _nearer(direct.get(node), Cause(ReasonKind.FILE_CHANGED, text))
        # What is looked at need not have run (`f.__code__.co_firstlineno`): what the test's own
        # file imports counts.
        tests = self._store.keys(lookers)
        records = self._store.tests(key.removeprefix(TEST_PREFIX) for key in tests.values())
        for path in sorted(edited):
            text = f"{path}, whose line numbers or text it may look at, was edited"
            users = set(self._store.keys(self._store.users(module_key(path))).values())
            for node, key in tests.items():
                record = records.get(key.removeprefix(TEST_PREFIX))
                if record is not None and module_key(record.path) in users:
                    direct[node] = _nearer(direct.get(node), Cause(ReasonKind.FILE_CHANGED, text))

    # -- files

    def _differences(self) -> dict[Source, list[Difference]]:
        """How each recorded file differs from what it is now, and from the base."""
        base = {file.path: file for file in self._change.change.files}
        found: dict[Source, list[Difference]] = {}
        wanted = [
            (path, sha)
            for path, sha in self._store.sources()
            if path in base or self._now.tree.sha(path) != sha
        ]
        texts = self._store.texts(wanted)
        for path, sha in wanted:
            old = texts.get((path, sha))
            contents = []
            if self._now.tree.sha(path) != sha:
                contents.append((self._now.tree.content(path), False))
            if path in base and _sha(base[path].before) != sha:
                contents.append((base[path].before, True))
            here: list[Difference] = []
            for content, is_base in contents:
                is_test = is_test_file(path, self._test_files)
                here += _compare(path, old, content, is_base, is_test, path in self._plugins())
            found[path, sha] = here
        return found

    def _plugins(self) -> frozenset[str]:
        """Conftests and the project's own plug-ins."""
        if self._plugin_paths is None:
            part = self._store.part(self._store.rows_of([SESSION_KEY]))
            session = part.nodes.get(SESSION_KEY)
            used = session.uses if session is not None else frozenset()
            paths = {path for path, _ in self._store.sources()}
            conftests = {path for path in paths if path.rpartition("/")[2] == "conftest.py"}
            modules = {k.removeprefix(MODULE_PREFIX) for k in used if k.startswith(MODULE_PREFIX)}
            self._plugin_paths = frozenset(conftests | modules)
        return self._plugin_paths

    def _imported_before(
        self, differences: Mapping[Source, Iterable[Difference]]
    ) -> dict[str, bool]:
        """Of each newly imported module: had it been imported when the file was, before?"""
        found: dict[str, bool] = {}
        for (path, _), several in differences.items():
            wanted = {module for difference in several for module in difference.imports}
            if not wanted:
                continue
            paths, names = self._below(path)
            for module in wanted:
                reached = candidates(path, module, self._now.roots, self._now.python_files)
                if reached:
                    known = reached <= paths
                else:
                    top = module.partition(".")[0]
                    known = bool(top) and top in names
                found[f"{path}:{module}"] = known
        return found

    def _below(self, path: str) -> tuple[set[str], set[str]]:
        """Files that importing the file has run for certain, and the other names it asked for.

        Not what the nodes use: that holds imports within functions too, which may never have run.
        """
        paths, names, fresh = {path}, set[str](), {path}
        while fresh and len(paths) < MANY_NODES:
            part = self._store.part(self._store.rows_of(map(module_key, fresh)))
            own = [(p, part.nodes[module_key(p)]) for p in fresh if module_key(p) in part.nodes]
            sources = [(p, node.lines[p].sha) for p, node in own if p in node.lines]
            reached: set[str] = set()
            for (file, _), text in self._store.texts(sources).items():
                packages = ("." * depth for depth in range(1, file.count("/") + 1))
                for module in (*imported_modules(text), *packages):
                    here = candidates(file, module, self._now.roots, self._now.python_files)
                    reached |= here
                    if not here and not module.startswith("."):
                        names.add(module.partition(".")[0])
            fresh = reached - paths
            paths |= reached
        return paths, names

    # -- the rest of the world

    def _new_files(self) -> list[str]:
        """Python files that the map has not seen: new against the base, or since recording."""
        seen = {path for path, _ in self._store.sources()}
        added = {
            file.path
            for file in self._change.change.files
            if file.status is FileStatus.ADDED and file.path.endswith((".py", ".so", ".pyd"))
        }
        known = self._store.python_files()
        return sorted((added - seen) | (self._now.python_files - known if known else set()))

    def _may_hold_new_tests(self) -> bool:
        """Whether there are new files in which pytest may find tests: it is told which those are
        (`python_files`, `--doctest-modules`, plug-ins), so any Python file may be one."""
        kinds = {path.rpartition(".")[2] for path in self._test_files}
        added = (f.path for f in self._change.change.files if f.status is FileStatus.ADDED)
        return bool(self._new_files()) or any(
            path.rpartition(".")[2] in kinds for path in added if not path.endswith(".py")
        )

    def _facts_now(self, new_files: Iterable[str], anything: bool) -> FactsNow:
        tree = self._now.tree
        facts = self._store.facts("file", "dir", "exists", "env")
        names: dict[str, set[str]] = {"file": set(), "dir": set(), "exists": set(), "env": set()}
        for fact in facts:
            names[fact.kind].add(fact.name)
        paths = {file.path: file.status for file in self._change.change.files}
        return FactsNow(
            files={path: tree.sha(path) for path in names["file"]},
            dirs={path: tree.directory(path) for path in names["dir"]},
            exists={path: tree.kind(path) for path in names["exists"]},
            env={name: variable_digest(name, self._now.environ) for name in names["env"]},
            paths=paths,
            appeared={name: path for path in new_files for name in module_names(path)},
            anything=anything or bool(paths),
        )


_WIDE_HOOKS = re.compile(
    r"def pytest_(collection|configure|unconfigure|session|report|cmdline|addoption|plugin"
    r"|generate_tests|itemcollected|deselected|load)"
)

_APPLY_BELOW = ("conftest.py", "__init__.py")
"""New files that concern every test below them: the second changes under which name, and from which
entry of `sys.path`, pytest imports test files."""


class _LazyTexts(Mapping[Source, str]):
    """All recorded texts, read from the store when the first is asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._texts: dict[Source, str] | None = None

    def _all(self) -> dict[Source, str]:
        if self._texts is None:
            self._texts = self._store.texts()
        return self._texts

    def __getitem__(self, source: Source) -> str:
        return self._all()[source]

    def __iter__(self) -> Iterator[Source]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def _nearer(known: Cause | None, other: Cause) -> Cause:
    return other if known is None or (other.kind, other.text) < (known.kind, known.text) else known


def _sha(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _compare(
    path: str,
    old: str | None,
    content: bytes | None,
    is_base: bool,
    is_test: bool,
    is_plugin: bool,
) -> list[Difference]:
    """The differences between a recorded text and another content of the file.

    Seen from the base, what the other content lacks is new.
    """
    if content is None:
        return list(whole_file("is new" if is_base else "is deleted").differences)
    new = text_of(content)
    if old is None or new is None:
        return list(whole_file("changed").differences)
    found = list(file_delta(path, old, new, is_test, is_plugin).differences)
    return [replace(d, words=_TURNED.get(d.words, d.words)) for d in found] if is_base else found


_TURNED = {"is new": "is deleted", "is deleted": "is new", "imports less": "imports more"}

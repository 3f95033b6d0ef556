"""Which repository files a module's import statements can reach, from its text (pure)."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from assay.change.inert import dotted

AskedName = tuple[str | None, str]
"""(directory, dotted name) of an import: directory None for an absolute one."""


@dataclass(frozen=True, slots=True)
class Imports:
    """`paths` are files of the repository that the statements reach, `names` what they ask for."""

    paths: frozenset[str]
    names: frozenset[str]


def import_roots(
    search_path: Collection[str], modules: Mapping[str, str], repo: str
) -> tuple[str, ...]:
    """Directories of the repository that top-level names are found in, relative to it.

    They are those on `sys.path`, and those that imported modules prove (an editable install may
    reach `src/` by a finder of its own). "" is the repository itself.
    """
    prefix = repo.rstrip("/") + "/"
    roots = set()
    for entry in search_path:
        if entry == repo:
            roots.add("")
        elif entry.startswith(prefix):
            roots.add(entry[len(prefix) :])
    for name, file in modules.items():
        if file.startswith(prefix) and name != "__main__":
            root = _root_of(name, file[len(prefix) :])
            if root is not None:
                roots.add(root)
    return tuple(sorted(roots))


def _root_of(name: str, path: str) -> str | None:
    """The directory that `name` was found under, if the path ends as the name says."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    wanted = name.split(".")
    if len(parts) < len(wanted) or parts[-len(wanted) :] != wanted:
        return None
    return "/".join(parts[: -len(wanted)])


def find_imports(
    path: str, asked: Iterable[AskedName], roots: Collection[str], files: Collection[str]
) -> Imports:
    """What the import statements of the file reach.

    `files` are the repository's Python files. Every package on the way to a module counts: its
    `__init__` runs first.
    """
    paths: set[str] = set(_packages_above(path, files))
    names: set[str] = set()
    for base, name in asked:
        names.add(name if base is None else ".".join(filter(None, [base.replace("/", "."), name])))
        starts = roots if base is None else [base]
        for start in starts:
            paths.update(_reached(start, name, files))
    paths.discard(path)
    return Imports(frozenset(paths), frozenset(names))


def asked_names(path: str, nodes: Iterable[ast.AST]) -> Iterator[AskedName]:
    """What all import statements of a file ask for, wherever they stand; `nodes` are all of its
    tree."""
    here = PurePosixPath(path).parent
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield None, alias.name
        elif isinstance(node, ast.ImportFrom):
            base: str | None = None
            if node.level:
                directory = here
                for _ in range(node.level - 1):
                    directory = directory.parent
                base = "" if str(directory) == "." else str(directory)
            stem = node.module or ""
            yield base, stem
            for alias in node.names:
                if alias.name != "*":
                    yield base, f"{stem}.{alias.name}" if stem else alias.name


def chains(asked: Iterable[AskedName], nodes: Iterable[ast.AST]) -> dict[str, int]:
    """Dotted names such as `shop.fast` that the file reaches by attributes of an imported module,
    each with the mask of the lines it is on."""
    names = {name.partition(".")[0] for base, name in asked if base is None}
    found: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            name = dotted(node)
            if name.partition(".")[0] in names:
                found[name] = found.get(name, 0) | 1 << node.lineno
    return found


def candidates(
    path: str, name: str, roots: Collection[str], files: Collection[str]
) -> frozenset[str]:
    """The project's files that importing `name` from the file at `path` runs; leading dots as in
    a relative import."""
    stem = name.lstrip(".")
    starts: Collection[str] = roots
    if stem != name:
        directory = PurePosixPath(path).parent
        for _ in range(len(name) - len(stem) - 1):
            directory = directory.parent
        starts = ["" if str(directory) == "." else str(directory)]
    return frozenset(file for start in starts for file in _reached(start, stem, files))


def _reached(start: str, name: str, files: Collection[str]) -> Iterator[str]:
    """Files that `name` under directory `start` runs: packages on the way, then the module."""
    at = start
    parts = name.split(".") if name else []
    if not parts:
        candidate = f"{at}/__init__.py" if at else "__init__.py"
        if candidate in files:
            yield candidate
    for part in parts:
        at = f"{at}/{part}" if at else part
        for candidate in (f"{at}/__init__.py", f"{at}.py"):
            if candidate in files:
                yield candidate
                break


def _packages_above(path: str, files: Collection[str]) -> Iterator[str]:
    for parent in PurePosixPath(path).parents:
        candidate = str(parent / "__init__.py")
        if candidate not in files:
            return
        yield candidate


def module_names(path: str) -> frozenset[str]:
    """Every dotted name that the file may be imported by.

    Any tail of its path: a directory may be put on the path while the tests run, be a portion of a
    namespace package, or belong to a package that is reached by a relative import.
    """
    # `fast.cpython-312-x86_64-linux-gnu.so` answers to `fast`.
    parts = list(PurePosixPath(path).parts)
    parts[-1:] = [parts[-1].partition(".")[0]] if parts else []
    if parts and parts[-1] == "__init__":
        parts.pop()
    return frozenset(".".join(parts[start:]) for start in range(len(parts)))

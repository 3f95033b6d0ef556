"""How a file divides into units, and which of them a change alters, comments and layout aside."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
import warnings
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence

from assay.change.digest import digest
from assay.model.change import Change, FileChange, SemanticChange, UnitChange, UnitStatus
from assay.model.source import MODULE_UNIT, SourceFile, Unit

_Function = ast.FunctionDef | ast.AsyncFunctionDef

_STATEMENT_FIELDS = ("body", "handlers", "cases", "orelse", "finalbody")

_NO_LINES: frozenset[int] = frozenset()


def read_source(path: str, content: bytes) -> SourceFile:
    """Divide a file into units; one that does not parse is a single unit that says why."""
    sha = hashlib.sha256(content).hexdigest()
    try:
        text = _decode(content)
        tree = _parse(text)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError) as error:
        module = _module_unit(len(content.splitlines()), sha)
        return SourceFile(path, sha, (module,), _problem(error))
    lines = text.split("\n")
    functions = _function_units(tree, lines)
    # An unfinished last line is a line; what follows the last line break is not.
    count = len(lines) - (lines[-1] == "")
    module = _module_unit(count, digest(tree))
    return SourceFile(path, sha, (module, *functions))


def compare(change: Change) -> SemanticChange:
    """Read both sides of every changed Python file and keep the units whose digest differs."""
    bases: dict[str, SourceFile] = {}
    sources: dict[str, SourceFile] = {}
    units: list[UnitChange] = []
    cosmetic: list[str] = []
    other: list[str] = []
    for file in sorted(change.files, key=lambda file: file.path):
        if not file.path.endswith(".py"):
            other.append(file.path)
            continue
        if file.before is not None:
            bases[file.path] = read_source(file.path, file.before)
        if file.after is not None:
            sources[file.path] = read_source(file.path, file.after)
        found = _unit_changes(file, bases.get(file.path), sources.get(file.path))
        units.extend(found)
        if not found:
            cosmetic.append(file.path)
    return SemanticChange(change, bases, sources, tuple(units), tuple(cosmetic), tuple(other))


# Reading


def _decode(content: bytes) -> str:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    # Lines must be counted as Python's own reader counts them, which knows all three line breaks.
    return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        # A doubtful escape in the user's file is no news here, and must not become an error.
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _problem(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        reason, line = str(error.msg), error.lineno
    else:
        reason, line = str(error) or type(error).__name__, None
    place = f"line {line}: " if line else ""
    return f"does not parse: {place}{' '.join(reason.split())}"


def _module_unit(line_count: int, digest: str) -> Unit:
    return Unit(MODULE_UNIT, first_line=1, body_line=1, last_line=line_count, digest=digest)


def _function_units(tree: ast.Module, lines: Sequence[str]) -> list[Unit]:
    """The outermost functions in order of lines; each loses its body, so that what remains in the
    tree is the module unit. No real function has an empty body: an emptied one is unmistakable.
    """
    units: list[Unit] = []
    seen: Counter[str] = Counter()
    for name, function in sorted(_outermost(tree), key=lambda found: found[1].lineno):
        # One-line functions are counted as well: else writing one out would rename the others.
        seen[name] += 1
        if _shares_line(function.body[0], lines):
            continue
        units.append(
            Unit(
                name=name if seen[name] == 1 else f"{name}#{seen[name]}",
                first_line=_start_line(function, lines),
                body_line=_start_line(function.body[0], lines),
                last_line=function.end_lineno or function.lineno,
                digest=digest(*function.body),
            )
        )
        function.body = []
    return units


def _outermost(tree: ast.Module) -> Iterator[tuple[str, _Function]]:
    """Functions not inside another one, with their names, in no particular order."""
    # A stack of our own: a long elif chain is nested deeper than Python's recursion limit.
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, prefix = pending.pop()
        if isinstance(node, _Function):
            yield prefix + node.name, node
            continue
        inner = f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix
        for field in _STATEMENT_FIELDS:
            pending.extend((child, inner) for child in getattr(node, field, ()))


def _start_line(node: ast.stmt, lines: Sequence[str]) -> int:
    """Where a statement begins, decorators included."""
    decorators = getattr(node, "decorator_list", ())
    if not decorators:
        return node.lineno
    line: int = decorators[0].lineno
    # `@(` may stand on a line above the expression it opens.
    while line > 1 and not lines[line - 1].lstrip().startswith("@"):
        line -= 1
    return line


def _shares_line(first: ast.stmt, lines: Sequence[str]) -> bool:
    """Whether the signature occupies the line on which the body starts."""
    line = lines[first.lineno - 1]
    indentation = len(line) - len(line.lstrip())
    return first.col_offset > indentation


# Comparing


def _unit_changes(
    file: FileChange, base: SourceFile | None, head: SourceFile | None
) -> list[UnitChange]:
    before = {unit.name: unit for unit in base.units} if base else {}
    after = {unit.name: unit for unit in head.units} if head else {}
    owners = _owners(head) if head else {}
    touched = _Touched(file, owners)
    changes: list[UnitChange] = []
    for name, unit in after.items():
        old = before.get(name)
        if old is None:
            changes.append(_added(file.path, unit, owners))
        elif old.digest != unit.digest:
            changes.append(_modified(file, old, unit, touched))
    changes.extend(
        UnitChange(file.path, name, UnitStatus.DELETED, _NO_LINES, _NO_LINES)
        for name in before
        if name not in after
    )
    return changes


def _owners(source: SourceFile) -> dict[int, str]:
    """The function unit of each line within a function body; other lines are the module's."""
    return {
        line: unit.name
        for unit in source.units[1:]
        for line in range(unit.body_line, unit.last_line + 1)
    }


def _lines_of(unit: Unit, owners: dict[int, str]) -> frozenset[int]:
    """Every line whose unit this is."""
    lines = range(unit.body_line, unit.last_line + 1)
    return frozenset(line for line in lines if owners.get(line, MODULE_UNIT) == unit.name)


def _added(path: str, unit: Unit, owners: dict[int, str]) -> UnitChange:
    return UnitChange(path, unit.name, UnitStatus.ADDED, _lines_of(unit, owners), _NO_LINES)


class _Touched:
    """The changed lines and deletion points of one file, by unit."""

    def __init__(self, file: FileChange, owners: dict[int, str]) -> None:
        self.owners = owners
        self.lines: defaultdict[str, set[int]] = defaultdict(set)
        self.deleted_at: defaultdict[str, set[int]] = defaultdict(set)
        for line in file.changed_lines:
            self.lines[owners.get(line, MODULE_UNIT)].add(line)
        for line in file.deleted_at:
            self.deleted_at[owners.get(line, MODULE_UNIT)].add(line)
            self.deleted_at[owners.get(line + 1, MODULE_UNIT)].add(line)
        self.before = (file.before or b"").splitlines()
        self.after = (file.after or b"").splitlines()
        # A text difference counts line feeds only; Python also ends a line at a lone return.
        self.reliable = not any(
            b"\r" in (content or b"").replace(b"\r\n", b"") for content in (file.before, file.after)
        )


def _modified(file: FileChange, old: Unit, new: Unit, touched: _Touched) -> UnitChange:
    lines, deleted_at = touched.lines[new.name], touched.deleted_at[new.name]
    if touched.reliable and _explained(old, new, lines, deleted_at, touched):
        changed, deleted = frozenset(lines), frozenset(deleted_at)
    else:
        changed, deleted = _lines_of(new, touched.owners), _NO_LINES
    return UnitChange(file.path, new.name, UnitStatus.MODIFIED, changed, deleted)


def _explained(
    old: Unit,
    new: Unit,
    lines: Collection[int],
    deleted_at: Collection[int],
    touched: _Touched,
) -> bool:
    """Whether the text difference accounts for all that changed within the unit.

    It need not: when two functions exchange their names only the `def` lines differ as text, and a
    changed signature line can stand in place of lines removed from the body. To call a few lines
    changed where all may have been would let a reader of the lines overlook a change.
    """
    if not lines and not deleted_at:
        return False
    if new.is_module:
        return True
    kept = _kept_runs(new, touched.after, lines, deleted_at)
    return _fits(kept, touched.before[old.body_line - 1 : old.last_line])


def _kept_runs(
    unit: Unit, text: Sequence[bytes], lines: Collection[int], deleted_at: Collection[int]
) -> list[list[bytes]]:
    """The unit's unchanged stretches, one more than there are places where something changed."""
    runs: list[list[bytes]] = [[]]
    if unit.body_line - 1 in deleted_at:
        runs.append([])
    for number in range(unit.body_line, unit.last_line + 1):
        if number in lines:
            runs.append([])
        else:
            runs[-1].append(text[number - 1])
        if number in deleted_at:
            runs.append([])
    return runs


def _fits(runs: Sequence[list[bytes]], base: Sequence[bytes]) -> bool:
    """Whether the base is these stretches in this order, with anything between, nothing around."""
    first, last = runs[0], runs[-1]
    start, end = len(first), len(base) - len(last)
    if len(runs) == 1 or end < start or base[:start] != first or base[end:] != last:
        return False
    for run in runs[1:-1]:
        places = range(start, end - len(run) + 1)
        found = next((at for at in places if base[at : at + len(run)] == run), None)
        if found is None:
            return False
        start = found + len(run)
    return True

"""The texts of both trees: which line of one is which of the other, and which functions changed."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Text:
    """A file of one tree, "" where it does not exist; one that does not parse defines nothing."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _tree(self) -> ast.Module:
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError):
            return ast.Module([], [])

    @cached_property
    def functions(self) -> Mapping[str, Function]:
        """By qualified name; of several under one name, the last."""
        return dict(_within(self._tree, ""))

    @cached_property
    def classes(self) -> Mapping[str, str]:
        """By qualified name, what of the class is no function's body."""
        return dict(_classes_within(self._tree, ""))

    @cached_property
    def names(self) -> Mapping[str, tuple[str, int]]:
        """What is assigned outside of functions: the value's code, and its line; the last one."""
        return dict(_assigned(self._tree, ""))

    def names_in(self, function: str) -> Set[str]:
        """The names and attributes in the code of a function, by its qualified name."""
        node = self.functions.get(function)
        nodes = [] if node is None else list(ast.walk(node))
        return {one.id for one in nodes if isinstance(one, ast.Name)} | {
            one.attr for one in nodes if isinstance(one, ast.Attribute)
        }


@dataclass(frozen=True)
class TwoTexts:
    """A file at base and at head."""

    base: Text
    head: Text

    @cached_property
    def lines(self) -> Mapping[int, int]:
        """The unchanged lines, from their number at base to that at head."""
        matcher = difflib.SequenceMatcher(
            None, self.base.text.splitlines(), self.head.text.splitlines(), autojunk=False
        )
        return {
            block.a + offset + 1: block.b + offset + 1
            for block in matcher.get_matching_blocks()
            for offset in range(block.size)
        }

    @cached_property
    def kept(self) -> frozenset[int]:
        """The unchanged lines, by their number at head."""
        return frozenset(self.lines.values())

    @cached_property
    def changed_names(self) -> Mapping[str, int]:
        """The names of the module and of its classes that are given something else at head, with
        the line there."""
        before = {name: text for name, (text, _) in self.base.names.items()}
        after = self.head.names
        return {name: line for name, (text, line) in after.items() if before.get(name) != text}


class Sources:
    """The files whose text differs between the two trees, by path."""

    def __init__(self, changed: Mapping[str, tuple[str, str]]) -> None:
        self._files = {path: TwoTexts(*map(Text, texts)) for path, texts in changed.items()}
        self._changed: dict[tuple[str, str], bool] = {}

    def line_at_head(self, path: str, line: int) -> int | None:
        """Where a line of base stands at head; None if it was changed."""
        file = self._files.get(path)
        return line if file is None else file.lines.get(line)

    def is_kept(self, path: str, line: int) -> bool:
        """Whether a line of head is one of base's."""
        file = self._files.get(path)
        return file is None or line in file.kept

    def is_changed(self, path: str, name: str) -> bool:
        """Whether a function's text differs; of one that is not found, whether its file does.

        `name` is the qualified name, as code objects have it; a lambda belongs to the function it
        stands in.
        """
        if path not in self._files:
            return False
        if (path, name) not in self._changed:
            self._changed[path, name] = self._differs(self._files[path], name)
        return self._changed[path, name]

    @staticmethod
    def _differs(file: TwoTexts, name: str) -> bool:
        named = name.removesuffix(".<locals>.<lambda>")
        base, head = file.base.functions.get(named), file.head.functions.get(named)
        if base is None and head is None:
            owner = named.rpartition(".")[0]
            if owner in file.base.classes and owner in file.head.classes:
                # A method that was generated from the class.
                return file.base.classes[owner] != file.head.classes[owner]
            return file.base.text != file.head.text
        return base is None or head is None or _text(base) != _text(head)

    def signatures(self, path: str, name: str) -> tuple[str | None, str | None] | None:
        """A function's parameters at base and at head, None where it does not exist; None if its
        file is the same in both."""
        file = self._files.get(path)
        if file is None:
            return None
        base, head = file.base.functions.get(name), file.head.functions.get(name)
        return (
            None if base is None else ast.unparse(base.args),
            None if head is None else ast.unparse(head.args),
        )

    def default_at(self, path: str, name: str, parameter: str) -> int | None:
        """The line where a function's parameter, or the field that it is generated from, is given
        another default at head; None if it is not."""
        file = self._files.get(path)
        if file is None:
            return None
        base, head = file.base.functions.get(name), file.head.functions.get(name)
        if base is None and head is None:
            return file.changed_names.get(f"{name.rpartition('.')[0]}.{parameter}")
        before, after = (_defaults(node).get(parameter) for node in (base, head))
        if before is None or after is None or ast.dump(before) == ast.dump(after):
            return None
        return after.lineno

    def set_at(self, path: str, label: str) -> tuple[str, int] | None:
        """Where a name is given another value at head: in the file that reads it under that label,
        else in any; None if that is nowhere."""
        for file in (path, *sorted(self._files)):
            names = self._files[file].changed_names if file in self._files else {}
            for name in (label, label.rpartition(".")[2]):
                if name in names:
                    return file, names[name]
        return None

    def first_line(self, path: str, name: str) -> int:
        """Where a function of a changed file begins at head; 0 if it does not exist there."""
        file = self._files.get(path)
        found = None if file is None else file.head.functions.get(name)
        return 0 if found is None else found.lineno


def _defaults(node: Function | None) -> dict[str, ast.expr]:
    if node is None:
        return {}
    places = [*node.args.posonlyargs, *node.args.args]
    pairs = [
        *zip(reversed(places), reversed(node.args.defaults), strict=False),
        *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
    ]
    return {one.arg: default for one, default in pairs if default is not None}


def _classes_within(node: ast.AST, prefix: str) -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            kept = [one for one in child.body if isinstance(one, ast.Assign | ast.AnnAssign)]
            parts = (*child.decorator_list, *child.bases, *child.keywords, *kept)
            yield f"{prefix}{child.name}", "".join(map(ast.dump, parts))
            yield from _classes_within(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _classes_within(child, f"{prefix}{child.name}.<locals>.")
        else:
            yield from _classes_within(child, prefix)


def _assigned(node: ast.AST, prefix: str) -> Iterator[tuple[str, tuple[str, int]]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Assign | ast.AnnAssign) and child.value is not None:
            for target in child.targets if isinstance(child, ast.Assign) else [child.target]:
                yield prefix + ast.unparse(target), (ast.dump(child.value), child.lineno)
        elif isinstance(child, ast.ClassDef):
            yield from _assigned(child, f"{prefix}{child.name}.")
        elif not isinstance(child, Function):
            yield from _assigned(child, prefix)


def _within(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}", child
            yield from _within(child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _within(child, f"{prefix}{child.name}.")
        else:
            yield from _within(child, prefix)


def _text(node: Function) -> str:
    """The code without its docstring, which nothing that runs depends on."""
    if isinstance(node, ast.Lambda) or ast.get_docstring(node, clean=False) is None:
        return ast.dump(node)
    return ast.dump(node.args) + "".join(map(ast.dump, [*node.decorator_list, *node.body[1:]]))

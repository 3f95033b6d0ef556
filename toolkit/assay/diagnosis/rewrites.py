"""Mechanical edits of a Python file, made on its concrete syntax: what they do not touch stays as
it is. Each returns the new text, or None where there is nothing to edit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import libcst as cst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import MetadataWrapper, PositionProvider

Lines = Collection[int] | None
"""Line numbers at which to edit; None for the whole file."""


class _Edit(cst.CSTTransformer):
    """Edits nodes that begin on one of the lines, or span one."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines
        self.count = 0

    def here(self, node: cst.CSTNode) -> bool:
        if self._lines is None:
            return True
        place = self.get_metadata(PositionProvider, node)
        return any(place.start.line <= line <= place.end.line for line in self._lines)


def _edited(text: str, edit: _Edit) -> str | None:
    try:
        module = MetadataWrapper(cst.parse_module(text)).visit(edit)
    except (cst.ParserSyntaxError, cst.CSTValidationError):
        return None
    return module.code if edit.count and module.code != text else None


# -- imports


class _FromImports(_Edit):
    """Edits imports in a module of the package, which relative ones start from."""

    def __init__(self, package: str) -> None:
        super().__init__(None)
        self._package = package

    def source(self, node: cst.ImportFrom) -> str:
        """The module that is imported from, absolute."""
        anchor = self._anchor(node)
        if node.relative and not anchor:
            return ""
        return ".".join(part for part in (anchor, _dotted(node.module)) if part)

    def _anchor(self, node: cst.ImportFrom) -> str:
        parts = self._package.split(".")
        return ".".join(parts[: len(parts) - len(node.relative) + 1]) if node.relative else ""

    def pointed(self, node: cst.ImportFrom, module: str) -> cst.ImportFrom:
        """The import from another module: relative as before, where that can be."""
        anchor = self._anchor(node)
        if anchor and module == anchor:
            return node.with_changes(module=None)
        if anchor and module.startswith(f"{anchor}."):
            return node.with_changes(module=_name_of(module[len(anchor) + 1 :]))
        return node.with_changes(
            module=_name_of(module),
            relative=(),
            whitespace_after_from=cst.SimpleWhitespace(" "),
        )


class _MoveImport(_FromImports):
    def __init__(self, old: tuple[str, str], new: tuple[str, str], package: str) -> None:
        super().__init__(package)
        self._old, self._new = old, new

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.SimpleStatementLine]:
        node = original_node.body[0]
        if len(original_node.body) > 1 or not isinstance(node, cst.ImportFrom):
            return updated_node
        if isinstance(node.names, cst.ImportStar) or self.source(node) != self._old[0]:
            return updated_node
        aliases = [a for a in node.names if _dotted(a.name) == self._old[1]]
        if not aliases:
            return updated_node
        self.count += 1
        rest = [a for a in node.names if a not in aliases]
        moved = self._moved(node, aliases[0])
        if not rest:
            return updated_node.with_changes(body=[moved])
        rest[-1] = rest[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        kept = updated_node.with_changes(body=[node.with_changes(names=rest)])
        return cst.FlattenSentinel([kept, cst.SimpleStatementLine([moved])])

    def _moved(self, node: cst.ImportFrom, alias: cst.ImportAlias) -> cst.Import | cst.ImportFrom:
        module, name = self._new
        asname = alias.asname
        if asname is None and name != self._old[1]:
            asname = cst.AsName(cst.Name(self._old[1]))
        there = cst.ImportAlias(name=cst.Name(name), asname=asname)
        if not module:
            return cst.Import(names=[there])
        return self.pointed(node.with_changes(names=[there], lpar=None, rpar=None), module)


def move_import(
    text: str, old: tuple[str, str], new: tuple[str, str], package: str = ""
) -> str | None:
    """Import a name from elsewhere: `old` and `new` are a module and a name in it ("" for the
    module itself). The name that the file uses stays: `from new import b as a` where a became b.
    Relative imports start from `package`."""
    if old[1]:
        return _edited(text, _MoveImport(old, new, package))
    edits: list[_Edit] = [_RenameModule(old[0], new[0], package)]
    before, after = old[0].rpartition("."), new[0].rpartition(".")
    if before[0] and before[0] != after[0]:
        edits.append(_MoveImport((before[0], before[2]), (after[0], after[2]), package))
    edits.append(_RenameImport(old[0], new[0]))
    changed = _in_turn(text, edits)
    if changed is None:
        return None
    return _edited(changed, _RenameDotted(old[0], new[0])) or changed


def _in_turn(text: str, edits: Sequence[_Edit]) -> str | None:
    """None where none of them finds anything."""
    found = None
    for edit in edits:
        found = _edited(found or text, edit) or found
    return found


class _RenameImport(_Edit):
    """`import old` and `import old.sub`, with the uses of the latter from the top; a module at the
    top keeps its name in the file."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(None)
        self._old, self._new = old, new
        self._below = False

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import:
        names = [self._renamed(alias) for alias in original_node.names]
        if all(a is b for a, b in zip(names, original_node.names, strict=True)):
            return updated_node
        self.count += 1
        return updated_node.with_changes(names=names)

    def _renamed(self, alias: cst.ImportAlias) -> cst.ImportAlias:
        name, asname = _dotted(alias.name), alias.asname
        if not f"{name}.".startswith(f"{self._old}."):
            return alias
        if asname is None and "." not in name:
            asname = cst.AsName(cst.Name(name))
        self._below = self._below or asname is None
        new = _name_of(self._new + name[len(self._old) :])
        return alias.with_changes(name=new, asname=asname)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.Attribute:
        top = original_node.value
        if not self._below or not isinstance(top, cst.Name) or top.value != self._old:
            return updated_node
        return updated_node.with_changes(value=_name_of(self._new))


class _RenameModule(_FromImports):
    """`from old import x` and `from old.sub import x`."""

    def __init__(self, old: str, new: str, package: str) -> None:
        super().__init__(package)
        self._old, self._new = old, new

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        name = self.source(original_node)
        if name == self._old or name.startswith(f"{self._old}."):
            self.count += 1
            return self.pointed(updated_node, self._new + name[len(self._old) :])
        parent, _, last = self._old.rpartition(".")
        other, _, new_last = self._new.rpartition(".")
        if name != parent or other != parent or isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        names = [_renamed(alias, last, new_last) for alias in updated_node.names]
        self.count += any(a is not b for a, b in zip(names, updated_node.names, strict=True))
        return updated_node.with_changes(names=names)


def _renamed(alias: cst.ImportAlias, old: str, new: str) -> cst.ImportAlias:
    """`from parent import old` as `from parent import new as old`."""
    if _dotted(alias.name) != old:
        return alias
    named = alias.asname or cst.AsName(cst.Name(old))
    return alias.with_changes(name=cst.Name(new), asname=named)


class _RenameDotted(_Edit):
    """Uses of a module by its whole name, outside of imports."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(None)
        self._old, self._new = old, new

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        if _dotted(original_node) == self._old:
            self.count += 1
            return _name_of(self._new)
        return updated_node


def _dotted(node: cst.CSTNode | None) -> str:
    return "" if node is None else get_full_name_for_node(node) or ""


def _name_of(dotted: str) -> cst.Name | cst.Attribute:
    first, *rest = dotted.split(".")
    found: cst.Name | cst.Attribute = cst.Name(first)
    for part in rest:
        found = cst.Attribute(found, cst.Name(part))
    return found


# -- strings, names, arguments


class _ReplaceString(_Edit):
    def __init__(self, lines: Lines, old: str, new: str) -> None:
        super().__init__(lines)
        self._old, self._new = old, new

    def leave_SimpleString(
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        if original_node.evaluated_value != self._old or not self.here(original_node):
            return updated_node
        self.count += 1
        quote = original_node.quote
        return updated_node.with_changes(value=f"{original_node.prefix}{quote}{self._new}{quote}")


def replace_string(text: str, old: str, new: str, lines: Lines = None) -> str | None:
    """Another text in string literals that are exactly `old`: the target of a patch."""
    return _edited(text, _ReplaceString(lines, old, new))


class _RenameName(_Edit):
    def __init__(self, lines: Lines, old: str, new: str) -> None:
        super().__init__(lines)
        self._old, self._new = old, new

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.Attribute:
        if original_node.attr.value != self._old or not self.here(original_node):
            return updated_node
        self.count += 1
        return updated_node.with_changes(attr=cst.Name(self._new))


def rename_attribute(text: str, old: str, new: str, lines: Lines = None) -> str | None:
    """`x.old` as `x.new`."""
    return _edited(text, _RenameName(lines, old, new))


class _Calls(_Edit):
    """Edits calls of a function by the last part of its name."""

    def __init__(self, lines: Lines, name: str, change: Callable[[cst.Call], cst.Call]) -> None:
        super().__init__(lines)
        self._name, self._change = name, change

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        last = _dotted(original_node.func).rpartition(".")[2]
        if last != self._name or not self.here(original_node):
            return updated_node
        changed = self._change(updated_node)
        self.count += changed is not updated_node
        return changed


def rename_argument(text: str, function: str, old: str, new: str, lines: Lines) -> str | None:
    """`function(old=…)` as `function(new=…)`."""

    def change(call: cst.Call) -> cst.Call:
        args = [
            arg.with_changes(keyword=cst.Name(new))
            if arg.keyword is not None and arg.keyword.value == old
            else arg
            for arg in call.args
        ]
        same = all(a is b for a, b in zip(args, call.args, strict=True))
        return call if same else call.with_changes(args=args)

    return _edited(text, _Calls(lines, function, change))


def name_arguments(text: str, function: str, names: Sequence[str], lines: Lines) -> str | None:
    """Positional arguments by names: one for each parameter of the signature that the calls were
    written for, "" for the first ones that stay as they are. Calls that unpack, or give more
    arguments than there are names, are left."""

    def change(call: cst.Call) -> cst.Call:
        args = list(call.args)
        positional = [arg for arg in args if arg.keyword is None]
        if any(arg.star for arg in args) or len(positional) > len(names):
            return call
        for number, arg in enumerate(args[: len(positional)]):
            if names[number]:
                equal = cst.AssignEqual(
                    whitespace_before=cst.SimpleWhitespace(""),
                    whitespace_after=cst.SimpleWhitespace(""),
                )
                args[number] = arg.with_changes(keyword=cst.Name(names[number]), equal=equal)
        same = all(a is b for a, b in zip(args, call.args, strict=True))
        return call if same else call.with_changes(args=args)

    return _edited(text, _Calls(lines, function, change))


def drop_argument(text: str, function: str, name: str, lines: Lines) -> str | None:
    """`function(…, name=…)` without that argument."""

    def change(call: cst.Call) -> cst.Call:
        args = [a for a in call.args if a.keyword is None or a.keyword.value != name]
        if len(args) == len(call.args):
            return call
        if args:
            args[-1] = args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return call.with_changes(args=args)

    return _edited(text, _Calls(lines, function, change))


def add_autospec(text: str, lines: Lines) -> str | None:
    """`patch(…)` with `autospec=True`, where neither a stand-in nor a specification is given."""
    given = frozenset({"autospec", "spec", "spec_set", "new", "new_callable", "create"})

    def change(call: cst.Call) -> cst.Call:
        names = {arg.keyword.value for arg in call.args if arg.keyword is not None}
        positional = sum(arg.keyword is None for arg in call.args)
        is_object = _dotted(call.func).rpartition(".")[2] == "object"
        if names & given or positional > (2 if is_object else 1):
            return call
        equal = cst.AssignEqual(
            whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace("")
        )
        added = cst.Arg(cst.Name("True"), keyword=cst.Name("autospec"), equal=equal)
        return call.with_changes(args=[*call.args, added])

    for name in ("patch", "object"):
        changed = _edited(text, _Calls(lines, name, change))
        if changed is not None:
            return changed
    return None


class _RenameParameter(_Edit):
    """A parameter of functions, with its uses within them."""

    def __init__(self, lines: Lines, old: str, new: str) -> None:
        super().__init__(lines)
        self._old, self._new = old, new
        self._inside: list[bool] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        every = [*node.params.params, *node.params.kwonly_params]
        asked = any(param.name.value == self._old for param in every)
        self._inside.append(asked and self.here(node))

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self._inside.pop()
        return updated_node

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        if original_node.value != self._old or not any(self._inside):
            return updated_node
        self.count += 1
        return updated_node.with_changes(value=self._new)


def rename_parameter(text: str, old: str, new: str, lines: Lines = None) -> str | None:
    """A parameter of the functions that span the lines, and its uses: a renamed fixture."""
    return _edited(text, _RenameParameter(lines, old, new))

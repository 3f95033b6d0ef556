"""A parsed file as one list of nodes in the order of the text, each with its place in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import libcst as cst
from libcst._nodes.internal import CodegenState

from assay.mutation.positions import BYTE_ORDER_MARK, LineTable

Function = cst.FunctionDef | cst.Lambda


class CannotMutate(Exception):  # noqa: N818 - an outcome of one file rather than an error
    """A file that no mutant can be made of, told in one line."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = " ".join(reason.split())
        super().__init__(f"{path}: {self.reason}")


class Site:
    """A node with its parent and its place.

    `start` and `end` are offsets of all its text, brackets and white space that it owns included;
    `first` and `last` those of the node proper, as libcst's PositionProvider has it. `after` is the
    index of the first node behind its subtree.
    """

    __slots__ = ("after", "end", "first", "indents", "index", "last", "node", "parent", "start")

    def __init__(
        self,
        node: cst.CSTNode,
        parent: Site | None,
        index: int,
        start: int,
        indents: tuple[str, ...],
    ) -> None:
        self.node = node
        self.parent = parent
        self.index = index
        self.start = start
        self.end = start
        self.first = -1
        self.last = -1
        self.indents = indents
        self.after = index + 1

    @property
    def above(self) -> cst.CSTNode | None:
        """The parent's node."""
        return self.parent.node if self.parent is not None else None

    def parents(self) -> Iterator[Site]:
        """Innermost first."""
        site = self.parent
        while site is not None:
            yield site
            site = site.parent

    def function(self) -> Site | None:
        """The innermost function whose body holds the node; its signature and its decorators are
        outside of it."""
        inner = self
        for site in self.parents():
            node = site.node
            if isinstance(node, Function) and inner.node is node.body:
                return site
            inner = site
        return None


class _Recorder(CodegenState):
    """Prints a module and notes every node it comes by: one walk for places and order alike."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.offset = 0
        self.sites: list[Site] = []
        self.by_node: dict[int, Site] = {}
        self.now: Site | None = None
        self.indents: tuple[str, ...] = ()

    def increase_indent(self, value: str) -> None:
        super().increase_indent(value)
        self.indents = tuple(self.indent_tokens)

    def decrease_indent(self) -> None:
        super().decrease_indent()
        self.indents = tuple(self.indent_tokens)

    def add_indent_tokens(self) -> None:
        self.tokens.extend(self.indent_tokens)
        self.offset += sum(map(len, self.indent_tokens))

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        site = Site(node, self.now, len(self.sites), self.offset, self.indents)
        self.sites.append(site)
        self.by_node[id(node)] = site
        self.now = site

    def after_codegen(self, node: cst.CSTNode) -> None:  # noqa: ARG002 - the last one begun
        site = self.now
        assert site is not None
        site.end = self.offset
        site.after = len(self.sites)
        if site.first < 0:
            site.first, site.last = site.start, site.end
        self.now = site.parent

    @contextmanager
    def record_syntactic_position(
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> Iterator[None]:
        first = self.offset
        yield
        site = self.by_node[id(node)]
        site.first = first if start_node is None else self.by_node[id(start_node)].first
        site.last = self.offset if end_node is None else self.by_node[id(end_node)].last


class Tree:
    """A text (without a byte order mark) with its nodes."""

    def __init__(self, text: str, module: cst.Module) -> None:
        self.text = text
        self.module = module
        self.table = LineTable.of(text)
        recorder = _Recorder(module)
        module._codegen(recorder)
        self.sites = recorder.sites
        self.printed_length = sum(map(len, recorder.tokens))
        # libcst prints no last line break for a file whose lines end in CR alone.
        self.is_exact = text in ("".join(recorder.tokens) + end for end in ("", "\r"))
        self._by_node = recorder.by_node

    @staticmethod
    def of(text: str, filename: str) -> Tree:
        """Raises CannotMutate for a text that cannot be parsed, or not be printed again."""
        body = text.removeprefix(BYTE_ORDER_MARK)
        try:
            tree = Tree(body, cst.parse_module(body))
        except cst.ParserSyntaxError as error:
            raise CannotMutate(filename, f"line {error.raw_line}: {error.message}") from None
        except RecursionError:
            raise CannotMutate(filename, "it is nested too deeply") from None
        if not tree.is_exact:
            raise CannotMutate(filename, "libcst does not reproduce its text")
        return tree

    def site(self, node: cst.CSTNode) -> Site:
        return self._by_node[id(node)]

    def line(self, site: Site) -> int:
        """The line the node begins on."""
        return self.table.line_of(site.first)

    def inside(self, site: Site) -> list[Site]:
        """The site and all below it."""
        return self.sites[site.index : site.after]

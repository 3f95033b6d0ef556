"""Makes functions and edits of them by chance, from a seed, for the property in test_regions."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator

EXPRESSIONS = (
    *("a", "b", "x", "y", "G", "a + 1", "x + 1", "b and x", "a or G", "not b", "G + len(T)"),
    *("[x for x in (1, a)][-1]", "(lambda x: x + 1)(a)", "(lambda: x)()", "(lambda: G)()"),
    *("sum(x for _ in range(2))", "(y := a)", "[y := b for _ in (1,)][0]", "(\n  a +\n  b)"),
    *("1 if a else x", "f.__doc__", "len(\n  (a,\n  x,\n))"),
)
TESTS = (
    *("a", "b", "x", "not a", "a > 1", "a == b", "G", "b and\\\n  a", "(\n  a\n  or b)"),
    *("True", "False", "1", "0", "not 0", "__debug__", "0 or b", "1 and a", "x is y"),
)
EXCEPTIONS = ("ValueError", "NameError", "Exception", "(TypeError, ValueError)", "KeyError")


class Maker:
    """Statements as lists of lines."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.count = 0

    def function(self) -> str:
        pick = self.chance.random
        head = "async def f(a, b):" if pick() < 0.05 else "def f(a, b):"
        body = self.block(0, False, length=self.chance.randint(1, 6))
        if pick() < 0.15:
            body.insert(0, '"text"')
        if pick() < 0.15:
            body.insert(0, "global G")
        if pick() < 0.5:
            body.append(f"return {self.expression()}")
        if pick() < 0.07 and len(body) == 1 and "\n" not in body[0]:
            return f"{head} {body[0]}\n"
        return "\n".join([head, *indented(body)]) + "\n"

    def expression(self) -> str:
        return self.chance.choice(EXPRESSIONS)

    def test(self) -> str:
        return self.chance.choice(TESTS)

    def block(self, depth: int, loop: bool, length: int = 0) -> list[str]:
        lines: list[str] = []
        for _ in range(length or self.chance.choice((1, 1, 1, 2, 2, 3))):
            lines += self.statement(depth, loop)
        return lines

    def statement(self, depth: int, loop: bool) -> list[str]:
        simple = [self.log, self.log, self.assign, self.assign, self.small]
        makers = simple if depth > 2 else [*simple, self.log, *self.compound()]
        if loop:
            makers.append(self.jump)
        return self.chance.choice(makers)(depth, loop)

    def compound(self) -> list[Callable[[int, bool], list[str]]]:
        return [
            *(self.if_, self.if_, self.while_, self.for_, self.try_, self.with_, self.match),
            *(self.nested, self.nested, self.klass),
        ]

    def log(self, _depth: int, _loop: bool) -> list[str]:
        self.count += 1
        return [f"T.append({self.count})"]

    def assign(self, _depth: int, _loop: bool) -> list[str]:
        target = self.chance.choice(("x", "y", "x", "y", "a", "G"))
        return [f"{target} {self.chance.choice(('=', '=', '+='))} {self.expression()}"]

    def small(self, _depth: int, _loop: bool) -> list[str]:
        some = [
            *("pass", '"text"', "...", "del x", "x: int", "y: int = 3", "T.append(x)", "raise"),
            *("assert a", "assert True", "raise ValueError", "return"),
            "T.append(sorted(locals()))",
            *(f"return {self.expression()}", f"T.append({self.expression()})", "x = 1; y = 2"),
            *("yield x", "(yield)", "import os as y", "T.append(eval('x'))", "1 + 1", "not 1"),
        ]
        return [self.chance.choice(some)]

    def jump(self, _depth: int, _loop: bool) -> list[str]:
        return [self.chance.choice(("break", "continue"))]

    def if_(self, depth: int, loop: bool) -> list[str]:
        if self.chance.random() < 0.2:
            return [f"if {self.test()}: {self.chance.choice(('pass', 'x = 1', 'T.append(0)'))}"]
        lines = [f"if {self.test()}:", *indented(self.block(depth + 1, loop))]
        while self.chance.random() < 0.3:
            lines += [f"elif {self.test()}:", *indented(self.block(depth + 1, loop))]
        return self.with_else(lines, depth, loop)

    def with_else(self, lines: list[str], depth: int, loop: bool) -> list[str]:
        if self.chance.random() < 0.4:
            lines += ["else:", *indented(self.block(depth + 1, loop))]
        return lines

    def while_(self, depth: int, loop: bool) -> list[str]:
        if self.chance.random() < 0.4:
            body = ["if not n(): break", *self.block(depth + 1, True)]
            return [f"while {self.chance.choice(('True', '1'))}:", *indented(body)]
        test = self.chance.choice(("n()", "n() and a", "n() and x"))
        return self.with_else(
            [f"while {test}:", *indented(self.block(depth + 1, True))], depth, loop
        )

    def for_(self, depth: int, loop: bool) -> list[str]:
        over = self.chance.choice(("range(2)", "range(a)", "()", "(a, b)", "(\n  a,\n  b)"))
        name = self.chance.choice(("x", "y", "i"))
        return self.with_else(
            [f"for {name} in {over}:", *indented(self.block(depth + 1, True))], depth, loop
        )

    def try_(self, depth: int, loop: bool) -> list[str]:
        lines = ["try:", *indented(self.block(depth + 1, loop))]
        handlers = self.chance.randint(0, 2)
        for _ in range(handlers):
            name = self.chance.choice(("", "", " as x"))
            head = f"except {self.chance.choice(EXCEPTIONS)}{name}:"
            lines += [head, *indented(self.block(depth + 1, loop))]
        if handlers and self.chance.random() < 0.3:
            lines += ["except:", *indented(self.block(depth + 1, loop))]
        if handlers:
            lines = self.with_else(lines, depth, loop)
        if not handlers or self.chance.random() < 0.3:
            lines += ["finally:", *indented(self.block(depth + 1, False))]
        return lines

    def with_(self, depth: int, loop: bool) -> list[str]:
        name = self.chance.choice(("", " as x", " as y"))
        manager = self.chance.choice(("keep()", "drop()", "keep(\n  a\n)"))
        return [f"with {manager}{name}:", *indented(self.block(depth + 1, loop))]

    def match(self, depth: int, loop: bool) -> list[str]:
        lines = [f"match {self.chance.choice(('a', 'b', '(a, b)'))}:"]
        for _ in range(self.chance.randint(1, 3)):
            pattern = self.chance.choice(("0", "1", "(0, y)", "1 | 2", "int()", "str()"))
            guard = f" if {self.test()}" if self.chance.random() < 0.2 else ""
            lines += indented([f"case {pattern}{guard}:", *indented(self.block(depth + 1, loop))])
        if self.chance.random() < 0.5:
            last = self.chance.choice(("_", "x", "_ if a", "_ if (\n  a)"))
            lines += indented([f"case {last}:", *indented(self.block(depth + 1, loop))])
        return lines

    def nested(self, depth: int, _loop: bool) -> list[str]:
        name = self.chance.choice(("g", "h"))
        head = self.chance.choice(("", "", "@same\n")) + f"def {name}():"
        body = self.block(depth + 1, False)
        if self.chance.random() < 0.3:
            body.insert(0, self.chance.choice(('"text"', "global G", "global x", "nonlocal a")))
        use = self.chance.choice((f"x = {name}()", f"T.append({name})", f"return {name}", "pass"))
        return [*head.split("\n"), *indented(body), use]

    def klass(self, depth: int, _loop: bool) -> list[str]:
        body = [*self.chance.choice((['"text"'], ["x = a"], ["y = x"], ["pass"]))]
        body += ["def m(self):", *indented(self.block(depth + 1, False))]
        use = self.chance.choice(("C().m()", "T.append(C().m())", "T.append(C.__doc__)", "pass"))
        return ["class C:", *indented(body), use]


def indented(lines: list[str]) -> list[str]:
    return ["    " + line.replace("\n", "\n    ") for line in lines]


LISTS = ("body", "orelse", "finalbody")


def edited(tree: ast.Module, chance: random.Random) -> str | None:
    """The text of a changed copy; None where the edit came to nothing."""
    new = copy.deepcopy(tree)
    function = new.body[0]
    for _ in range(chance.choice((1, 1, 1, 2))):
        lists = [part for node in ast.walk(function) for part in statement_lists(node)]
        chance.choice((insert, insert, delete, replace, move, expression, split))(lists, chance)
    return ast.unparse(ast.fix_missing_locations(new))


def statement_lists(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in LISTS:
        part = getattr(node, name, None)
        if isinstance(part, list) and (part or isinstance(node, ast.If | ast.For | ast.Try)):
            yield part


def fresh(chance: random.Random) -> list[ast.stmt]:
    maker = Maker(chance)
    maker.count = 100 + chance.randint(0, 99)
    if chance.random() < 0.05:
        return ast.parse("nonlocal a").body
    return ast.parse("\n".join(maker.statement(chance.choice((1, 3)), False))).body


def guards(statement: ast.stmt) -> bool:
    return "n()" in ast.unparse(statement)


def insert(lists: list[list[ast.stmt]], chance: random.Random) -> None:
    part = chance.choice(lists)
    at = chance.randint(0, len(part))
    if at == 0 and part and guards(part[0]):
        at = 1
    part[at:at] = fresh(chance)


def delete(lists: list[list[ast.stmt]], chance: random.Random) -> None:
    part = chance.choice(lists)
    if not part:
        return
    at = chance.randrange(len(part))
    if not guards(part[at]):
        part[at : at + 1] = [] if len(part) > 1 else [ast.Pass()]


def replace(lists: list[list[ast.stmt]], chance: random.Random) -> None:
    part = chance.choice(lists)
    if part and not guards(part[0]):
        part[0:1] = fresh(chance)


def move(lists: list[list[ast.stmt]], chance: random.Random) -> None:
    part, other = chance.choice(lists), chance.choice(lists)
    if len(part) < 2:
        return
    at = chance.randrange(len(part))
    inside = {id(node) for node in ast.walk(part[at])}
    held = any(id(statement) in inside for statement in other) or not other
    if not guards(part[at]) and not held:
        statement = part.pop(at)
        first = 1 if other and guards(other[0]) else 0
        other.insert(chance.randint(min(first, len(other)), len(other)), statement)


def expression(lists: list[list[ast.stmt]], chance: random.Random) -> None:
    """Another test, value, iterable, handler, pattern ..."""
    part = chance.choice(lists)
    if not part:
        return
    statement = chance.choice(part)
    if guards(statement) and isinstance(statement, ast.While):
        return
    if isinstance(statement, ast.If) and not guards(statement):
        statement.test = ast.parse(chance.choice(TESTS), mode="eval").body
    elif isinstance(statement, ast.Try) and statement.handlers:
        statement.handlers[0].type = ast.parse(chance.choice(EXCEPTIONS), mode="eval").body
    elif isinstance(statement, ast.For):
        statement.iter = ast.parse("(7, 8)", mode="eval").body
    elif isinstance(statement, ast.With):
        statement.items[0].context_expr = ast.parse("drop()", mode="eval").body
    elif isinstance(statement, ast.Match):
        statement.cases[-1].guard = ast.parse("b", mode="eval").body
    elif isinstance(statement, ast.FunctionDef):
        statement.body.insert(0, ast.Expr(ast.Constant("another text")))
    elif isinstance(statement, ast.Return | ast.Assign):
        statement.value = ast.parse(chance.choice(EXPRESSIONS), mode="eval").body


def split(lists: list[list[ast.stmt]], chance: random.Random) -> None:
    """The rest of a list goes under a condition."""
    part = chance.choice(lists)
    if len(part) > 1 and not guards(part[0]):
        at = chance.randrange(1, len(part))
        test = ast.parse(chance.choice(TESTS), mode="eval").body
        part[at:] = [ast.If(test, part[at:], [])]

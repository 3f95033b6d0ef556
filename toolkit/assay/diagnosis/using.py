"""What the code that a test reaches uses of what is not the same each time: chance, clocks, order,
threads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assay.diagnosis.cause import Case
from assay.diagnosis.reach import places_reached
from assay.diagnosis.sides import Definition, Place

CHANCE = re.compile(
    r"(?:random|secrets|uuid|np\.random|numpy\.random)\.\w+|uuid[14]|shuffle|randint|urandom"
)
CLOCK = re.compile(
    r"(?:\w+\.)*(?:now|utcnow|today|time|time_ns|monotonic|perf_counter|localtime|gmtime)"
)
THREADS = re.compile(
    r"(?:\w+\.)*(?:Thread|Timer|ThreadPoolExecutor|ProcessPoolExecutor|Process|gather|wait|"
    r"create_task|as_completed)"
)
LISTING = re.compile(r"(?:\w+\.)*(?:listdir|scandir|iterdir|glob|rglob|walk)")
HASH = re.compile(r"set|frozenset|hash|id")
ZONE = re.compile(
    r"(?:\w+\.)*(?:astimezone|fromtimestamp|localtime|mktime|ctime|strftime|timestamp|tzset)"
)

_CLOCK_OWNERS = ("time", "datetime", "date", "dt", "timezone", "now", "today")


@dataclass(frozen=True, slots=True)
class Use:
    """One use, `text` as it is written, in a definition of the project."""

    text: str
    path: str
    line: int
    in_test: bool

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


def uses(case: Case, what: re.Pattern[str]) -> Iterator[Use]:
    """The calls that the test reaches of functions whose name is one of those, the nearest first.
    Sorted at once, or drawn from a generator with a seed of its own, they are the same each time
    and are left out."""
    for place, _ in places_reached(case):
        if isinstance(place.node, ast.ClassDef):
            continue
        settled = _settled(place)
        for node in ast.walk(place.node):
            if isinstance(node, ast.Call) and id(node) not in settled:
                text = ast.unparse(node.func)
                if what.fullmatch(text) and _is_meant(text, what):
                    yield _use(case, place, node, f"{text}()")


def sets(case: Case) -> Iterator[Use]:
    """Sets that the test reaches, whose order is another with each hash seed."""
    yield from uses(case, HASH)
    for place, _ in places_reached(case):
        if isinstance(place.node, ast.ClassDef):
            continue
        settled = _settled(place)
        for node in ast.walk(place.node):
            if isinstance(node, ast.Set | ast.SetComp) and id(node) not in settled:
                yield _use(case, place, node, ast.unparse(node))


def _use(case: Case, place: Place, node: ast.expr, text: str) -> Use:
    return Use(text, place.path, node.lineno, case.sides.is_test(place.path))


def _settled(place: Place) -> set[int]:
    """Expressions whose order or count alone is taken."""
    found: set[int] = set()
    for node in ast.walk(place.node):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("sorted", "len", "sum"):
            found |= {id(part) for arg in node.args for part in ast.walk(arg)}
    return found


def _is_meant(text: str, what: re.Pattern[str]) -> bool:
    """`time.time()` and `datetime.now()` are clocks; `cart.time()` is none."""
    if what is not CLOCK:
        return True
    owner, _, name = text.rpartition(".")
    return owner.rpartition(".")[2] in _CLOCK_OWNERS or (not owner and name != "time")


def dates(case: Case) -> Iterator[Use]:
    """Dates and years that are written in what the test reaches."""
    for place, _ in places_reached(case):
        for node in ast.walk(place.node):
            if isinstance(node, Definition):
                continue
            text = _date(node)
            if text and isinstance(node, ast.expr):
                yield _use(case, place, node, text)


def _date(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return repr(node.value) if re.search(r"\b20\d\d-\d\d-\d\d\b", node.value) else ""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return str(node.value) if 2000 <= node.value <= 2100 else ""
    return ""

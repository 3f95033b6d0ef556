"""A data file that is gone, or has other content.

`facts`: `file` (as it was asked for), `known` (the path of the changed file, "" if the change has
none), `moved` (the path at head with the same content or name, "" if none), `place` of the reader.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import of_failure
from assay.diagnosis.reach import places_reached
from assay.diagnosis.sides import Sides
from assay.diagnosis.values import by_sources
from assay.model.diagnosis import Category, Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import Frame, FrameKind

_PARSERS = (
    "JSONDecodeError",
    "TOMLDecodeError",
    "ParseError",
    "YAMLError",
    "UnicodeDecodeError",
    "Error",
)
_MODULES = ("json", "tomllib", "tomli", "xml", "yaml", "csv", "configparser", "codecs")


def _match(case: Case) -> Match | None:
    frame = case.own_frame
    if frame is None:
        return None
    if case.error.is_a("FileNotFoundError"):
        return _of_missing(case, frame)
    return _of_content(case)


def _of_missing(case: Case, frame: Frame) -> Match | None:
    file = case.error.attributes.get("filename")
    if not isinstance(file, str) or not file:
        return None
    gone = _changed_file(case.sides, file, gone=True)
    moved = _moved(case.sides, gone) if gone else ""
    signs = tuple(_of_readers(case, frame, gone)) if gone else ()
    outside = not gone and case.category is Category.KNOWN_FAILURE
    what = f": the change has {'moved' if moved else 'removed'} it" if gone else ""
    return Match(
        cause=CAUSE.name,
        key=gone or file,
        certainty=Certainty.COMPLETE if gone else Certainty.PARTIAL,
        sentence=f"{frame.place} reads {file}, which is not there{what}",
        proofs=(
            Proof("reads", frame.source, frame.place, "head"),
            *([Proof("file", gone, gone, "base")] if gone else []),
            *([Proof("file", moved, moved, "head")] if moved else []),
            *of_failure(case),
        ),
        signs=(*signs, *_of_new_reader(case, frame, gone)),
        sites=(Site(frame.path, frame.line),),
        fix=f"read {moved}" if moved else "put the file back, or make it in the test",
        facts={"file": file, "known": gone, "moved": moved, "place": frame.place},
        decided=Fault.ENVIRONMENT if outside else None,
    )


def _of_content(case: Case) -> Match | None:
    """Something that does not parse any more, or another value, where a data file that the test
    reaches was changed and no code that it reaches was."""
    if case.category is not Category.NEW_FAILURE:
        return None
    module = case.error.type.partition(".")[0]
    parses = case.error.is_a(*_PARSERS) and (
        module in _MODULES or case.error.is_a("UnicodeDecodeError")
    )
    if not parses and any(case.sides.changed_sources):
        return None
    named = _named_data(case)
    if named is None:
        return None
    path, reader, line = named
    return Match(
        cause=CAUSE.name,
        key=path,
        certainty=Certainty.COMPLETE if parses else Certainty.PARTIAL,
        sentence=f"{path}, which {reader}:{line} names, has other content at head",
        proofs=(
            Proof("names", case.sides.head.line(reader, line), f"{reader}:{line}", "head"),
            *of_failure(case),
        ),
        signs=tuple(_of_broken(path)) if parses else (),
        sites=(Site(path, 1),),
        fix=f"mend {path}, or make its readers follow",
        facts={"file": path, "known": path, "moved": "", "place": f"{reader}:{line}"},
    )


def _of_broken(path: str) -> Iterator[Sign]:
    yield Sign(Fault.CODE, f"{path} cannot be read any more as what it is", path)


def _named_data(case: Case) -> tuple[str, str, int] | None:
    """A changed data file that a text in the code names, with the place of the text."""
    data = {posixpath.basename(p): p for p in case.sides.changed if not p.endswith(".py")}
    data = {name: path for name, path in data.items() if case.sides.changed[path][1] is not None}
    for place, _ in places_reached(case) if data else ():
        for node in ast.walk(place.node):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = posixpath.basename(node.value)
                if name in data:
                    return data[name], place.path, node.lineno
    return None


def _changed_file(sides: Sides, file: str, gone: bool) -> str:
    """The changed file that a name asked for is, by how its path ends."""
    wanted = posixpath.normpath(file)
    for path, (before, after) in sides.changed.items():
        ends = wanted == path or wanted.endswith(f"/{path}") or path.endswith(f"/{wanted}")
        if ends and before is not None and (after is None) is gone:
            return path
    return ""


def _moved(sides: Sides, gone: str) -> str:
    before = sides.changed[gone][0]
    new = [p for p, (old, text) in sides.changed.items() if old is None and text is not None]
    same = [path for path in new if before and sides.changed[path][1] == before]
    named = [path for path in new if posixpath.basename(path) == posixpath.basename(gone)]
    return next(iter((*same, *named)), "")


def _of_readers(case: Case, frame: Frame, gone: str) -> Iterator[Sign]:
    name = posixpath.basename(gone)
    if frame.kind is FrameKind.SOURCE and _names(case.sides, frame.path, name):
        yield Sign(Fault.CODE, f"{frame.place}, in sources, still reads {name}", frame.place)
    elif frame.kind is not FrameKind.SOURCE:
        yield Sign(Fault.TEST, f"only the test still reads {name}", frame.place)


def _names(sides: Sides, path: str, name: str) -> bool:
    return name in sides.head.texts.get(path, "")


def _of_new_reader(case: Case, frame: Frame, gone: str) -> Iterator[Sign]:
    added = frame.line in case.sides.changed_lines(frame.path)
    if not gone and added and frame.kind is FrameKind.SOURCE and by_sources(case):
        words = f"the change has made {frame.place} read a file that is not there"
        yield Sign(Fault.CODE, words, frame.place)


CAUSE = Cause(
    name="data-file",
    title="Data file missing or changed",
    rule=(
        "A FileNotFoundError: of a file that the change has removed or moved, or of another; or "
        "data that do not parse, in a file that the change has altered and that the test's code "
        "names; or, where no code was changed, an altered file that it names."
    ),
    shows="the file, who reads it, and where it has gone.",
    verdict=(
        "Code, if sources still read what is gone, were made to read what is not there, or the "
        "file does not parse; test, if only the test reads it; environment, if it is missing at "
        "base too."
    ),
    fix="put the file back, read it where it is now, or make it in the test.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A file that was moved, one that does not parse, one that never was there.",
            {
                "data/prices.json": '{"tea": 1}\n',
                "data/stock.json": '{"tea": 2}\n',
                "shop.py": """\
import json
from pathlib import Path

HERE = Path(__file__).parent / "data"


def prices():
    return json.loads((HERE / "prices.json").read_text())


def stock():
    return json.loads((HERE / "stock.json").read_text())


def go(code):
    return code
""",
                "test_shop.py": """\
from pathlib import Path

from shop import go, prices, stock


def test_prices():
    assert prices() == {"tea": 1}


def test_stock():
    assert stock() == {"tea": 2}


def test_other():
    assert Path("no-such-file.txt").read_text()


def test_go():
    assert go(3) == 3
""",
            },
            {
                "data/prices.json": None,
                "data/lists/prices.json": '{"tea": 1}\n',
                "data/stock.json": '{"tea": 2\n',
                "shop.py": """\
import json
from pathlib import Path

HERE = Path(__file__).parent / "data"


def prices():
    return json.loads((HERE / "prices.json").read_text())


def stock():
    return json.loads((HERE / "stock.json").read_text())


def go(code):
    return code + 1
""",
            },
            {
                "test_shop.py::test_prices": Fault.CODE,
                "test_shop.py::test_stock": Fault.CODE,
                "test_shop.py::test_other": Fault.ENVIRONMENT,
            },
            ("test_shop.py::test_go",),
        ),
    ),
    ambiguity="a file that the test should have made looks like one that is missing.",
)

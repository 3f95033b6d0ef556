"""A file that Python cannot read. Facts: `path` and `line` of the place that Python names."""

from __future__ import annotations

from assay.diagnosis.cause import Case, Cause, Example
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Site


def _match(case: Case) -> Match | None:
    error = case.error
    file, line = error.attributes.get("filename"), error.attributes.get("lineno")
    if not error.is_a("SyntaxError") or not isinstance(file, str) or not isinstance(line, int):
        return None
    path = next((one for one in case.sides.head.texts if file in (one, f"./{one}")), None)
    if path is None:
        return None
    # Ours may be another Python than the project's, which knows more.
    refused = case.sides.head.tree(path) is None
    return Match(
        cause=CAUSE.name,
        key=path,
        certainty=Certainty.COMPLETE if refused else Certainty.PARTIAL,
        sentence=f"{path}:{line} cannot be read: {error.attributes.get('msg', 'syntax error')}",
        proofs=(
            Proof("line", case.sides.head.line(path, line), f"{path}:{line}", "head"),
            Proof("error", error.first_line),
        ),
        signs=(),
        sites=(Site(path, line),),
        fix=f"mend the syntax at {path}:{line}",
        facts={"path": path, "line": line},
        decided=Fault.TEST if case.sides.is_test(path) else Fault.CODE,
    )


CAUSE = Cause(
    name="syntax-error",
    title="Syntax error",
    rule="A SyntaxError (or IndentationError) in a file of the project.",
    shows="the line and what Python says of it.",
    verdict="The file's: code, or test if it is one of the tests'.",
    fix="mend the syntax.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A source file and a test file were broken.",
            {
                "shop.py": "def price():\n    return 1\n",
                "test_shop.py": "import shop\n\n\ndef test_price():\n    assert shop.price()\n",
                "test_other.py": "def test_other():\n    pass\n",
                "test_text.py": "def test_text():\n    compile('1 +', 'text', 'eval')\n",
            },
            {
                "shop.py": "def price(:\n    return 1\n",
                "test_other.py": "def test_other():\npass\n",
            },
            {"test_shop.py": Fault.CODE, "test_other.py": Fault.TEST},
            ("test_text.py::test_text",),
        ),
    ),
    ambiguity="syntax that a newer Python than the project's knows is refused in the same way.",
)

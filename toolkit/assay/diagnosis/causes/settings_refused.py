"""Settings or hooks that pytest refuses before it collects anything.

Facts: `path` and `line` of what is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Site
from assay.model.evidence import WHOLE_SUITE

SETTINGS = frozenset(
    """
    pytest.toml .pytest.toml pytest.ini .pytest.ini pyproject.toml tox.ini setup.cfg
    """.split()
)

_OF_THE_PROJECT = frozenset({"pyproject.toml", "setup.cfg"})
"""Files that say more than how to test."""

_UNREADABLE = re.compile(
    r"(?P<path>[\w./-]*\.(?:toml|ini|cfg))(?::(?P<first>\d+):|: .*\(at line (?P<last>\d+),)"
)
_NO_PLUGIN = re.compile(r"[Mm]issing required plugins|Error importing plugin")
_WORD = re.compile(r"[\w.-]{4,}")
_SAYS_NOTHING = frozenset({"pytest", "import", "from", "plugin", "plugins", "error", "config"})

Found = tuple[str, int, Certainty]


def _match(case: Case) -> Match | None:
    if case.test != WHOLE_SUITE or case.error.last_own_frame is not None:
        return None
    found = _unreadable(case) or _named(case) or _changed(case)
    if found is None:
        return None
    path, line, certainty = found
    place = f"{path}:{line}"
    reason = _reason(case)
    return Match(
        cause=CAUSE.name,
        key=path,
        certainty=certainty,
        sentence=f"pytest does not begin with what {place} says: {reason}"[:300],
        proofs=(
            Proof("line", case.sides.line_at_head(path, line), place, "head"),
            Proof("pytest says", case.error.message.strip()[:400]),
        ),
        signs=(),
        sites=(Site(path, line),),
        fix=f"mend {place}",
        facts={"path": path, "line": line},
        decided=_fault(case, path),
    )


def _unreadable(case: Case) -> Found | None:
    """A file that is named, with a line, and is the change's."""
    for told in _UNREADABLE.finditer(case.error.message):
        path = told["path"].removeprefix("./")
        if path in case.sides.changed:
            return path, int(told["first"] or told["last"]), Certainty.COMPLETE
    return None


def _named(case: Case) -> Found | None:
    """A changed line with a word that pytest complains of, the longest."""
    said = set(_WORD.findall(case.error.message)) - _SAYS_NOTHING
    best: tuple[int, str, int] | None = None
    for path, line, text in _changed_lines(case):
        for word in said.intersection(_WORD.findall(text)):
            if best is None or len(word) > best[0]:
                best = len(word), path, line
    return None if best is None else (*best[1:], Certainty.COMPLETE)


def _changed(case: Case) -> Found | None:
    """Settings were changed, and there is nothing else that pytest read."""
    lines = [one for one in _changed_lines(case) if one[0].rpartition("/")[2] in SETTINGS]
    return (*lines[0][:2], Certainty.PARTIAL) if lines else None


def _changed_lines(case: Case) -> Iterator[tuple[str, int, str]]:
    sides = case.sides
    for path in sides.changed:
        name = path.rpartition("/")[2]
        if name in SETTINGS or name == "conftest.py":
            for line in sorted(sides.changed_lines(path)):
                text = sides.line_at_head(path, line)
                if text:
                    yield path, line, text


def _reason(case: Case) -> str:
    """The line that says an error, else the first."""
    lines = [line.strip() for line in case.error.message.splitlines() if line.strip()]
    marked = [line.partition("rror: ")[2] for line in lines if "rror: " in line]
    told = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return next((line for line in [*marked, *told, *lines] if line), case.error.type)


def _fault(case: Case, path: str) -> Fault:
    if _NO_PLUGIN.search(case.error.message):
        return Fault.ENVIRONMENT
    name = path.rpartition("/")[2]
    whole = name in _OF_THE_PROJECT and _unreadable(case) is not None
    return Fault.CODE if whole else Fault.TEST


CAUSE = Cause(
    name="settings-refused",
    title="Settings refused",
    rule=(
        "Pytest gives up before it collects anything, no code of the project is to be seen in what "
        "it says, and it names a settings file of the change with a line, or a word of a changed "
        "line of one or of a conftest. *Partial*, where settings were changed and nothing is named."
    ),
    shows="the line, and what pytest says.",
    verdict=(
        "Code, if pyproject.toml or setup.cfg cannot be read; environment, if a plug-in is not "
        "there; else test."
    ),
    fix="mend the line.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "An option that pytest does not know.",
            {
                "pytest.ini": "[pytest]\naddopts = -q\n",
                "test_shop.py": "def test_price():\n    pass\n",
            },
            {"pytest.ini": "[pytest]\naddopts = --no-such-option\n"},
            {"pytest": Fault.TEST},
        ),
        Example(
            "Other settings, with which a test fails.",
            {
                "pytest.ini": "[pytest]\naddopts = -q\n",
                "test_shop.py": "import warnings\n\n\ndef test_price():\n    warnings.warn('x')\n",
            },
            {"pytest.ini": "[pytest]\naddopts = -q\nfilterwarnings = error\n"},
            {},
            ("test_shop.py::test_price",),
        ),
    ),
    ambiguity="of several changed lines that pytest could mean, the one with the longest word.",
)

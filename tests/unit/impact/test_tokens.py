"""Facts about tokens: what changes the token of a test, and what leaves it alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import pytest

from assay.impact.tokens import TestToken, Tokens
from assay.model.impact import POSITIONS, ImpactMap, LineSet, Node, Source

TEST = "test_tax.py::test_rate"

FILES = {
    "tax.py": "from rates import LOW\n\n\ndef rate(n):\n    return n * LOW\n\n\n"
    "def other(n):\n    return n\n",
    "rates.py": "LOW = 2\n",
    "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef number():\n    return 3\n",
    "helpers.py": "def check(a, b):\n    assert a == b\n",
    "test_tax.py": "import tax\nfrom helpers import check\n\n\ndef test_rate(number):\n"
    "    check(tax.rate(number), 6)\n",
}

LINES = {"tax.py": (5,), "helpers.py": (2,), "test_tax.py": (6,)}
MODULES = {"tax.py": (1, 4, 8), "rates.py": (1,), "conftest.py": (1, 4), "helpers.py": (1,)}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def lines(files: Mapping[str, str], ran: Mapping[str, tuple[int, ...]]) -> dict[str, LineSet]:
    return {
        path: LineSet(sha(files[path]), sum(1 << number for number in numbers))
        for path, numbers in ran.items()
    }


def recorded(files: Mapping[str, str], data: str = "digest") -> dict[str, Node]:
    """The map's nodes as a run of the test over these files would record them."""
    module = {
        f"module:{path}": Node(f"module:{path}", lines(files, {path: numbers}))
        for path, numbers in MODULES.items()
    }
    module["module:tax.py"] = replace(module["module:tax.py"], uses=frozenset({"module:rates.py"}))
    test = Node(
        key=f"test:{TEST}",
        lines=lines(files, LINES),
        files={"rates.json": data},
        dirs={"data": "names"},
        exists={"local.cfg": ""},
        env={"HOME": "digest"},
        names=frozenset({"fast_tax"}),
        uses=frozenset({"module:tax.py", "module:conftest.py", "module:helpers.py", "fixture:::n"}),
    )
    fixture = Node("fixture:::n", lines(files, {"conftest.py": (6,)}))
    return {**module, test.key: test, fixture.key: fixture}


def token(
    files: Mapping[str, str] = FILES,
    nodes: Mapping[str, Node] | None = None,
    test: str = TEST,
    unseen: str = "gone",
) -> TestToken:
    nodes = recorded(files) if nodes is None else nodes
    texts: dict[Source, str] = {(path, sha(text)): text for path, text in files.items()}
    return Tokens(ImpactMap(nodes, {}, ()), texts, lambda _: unseen).of(test)


def edited(path: str, old: str, new: str) -> dict[str, str]:
    assert FILES[path].count(old) == 1
    return {**FILES, path: FILES[path].replace(old, new)}


def changed_test_node(**fields: object) -> dict[str, Node]:
    nodes = recorded(FILES)
    key = f"test:{TEST}"
    return {**nodes, key: replace(nodes[key], **fields)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("test_tax.py", "6)", "7)"),
        ("helpers.py", "a == b", "a is b"),
        ("conftest.py", "return 3", "return 4"),
        ("rates.py", "LOW = 2", "LOW = 3"),
        ("tax.py", "n * LOW", "n + LOW"),
        ("tax.py", "def rate(n)", "def rate(n=1)"),
    ],
    ids=["test body", "helper", "fixture", "constant elsewhere", "code", "default"],
)
def test_a_token_changes_with_what_the_test_ran(path: str, old: str, new: str) -> None:
    assert token(edited(path, old, new)) != token()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("tax.py", "    return n\n", "    return -n\n"),
        ("tax.py", "    return n * LOW", "    # comment\n    return n * LOW  # more"),
        ("rates.py", "LOW = 2\n", "LOW = (2)  # two\n"),
    ],
    ids=["function not run", "comments", "layout"],
)
def test_a_token_stays_when_what_it_ran_does_the_same(path: str, old: str, new: str) -> None:
    files = edited(path, old, new)
    nodes = recorded(files)
    if path == "tax.py" and "comment" in new:
        moved = lines(files, {**LINES, "tax.py": (6,)})
        nodes[f"test:{TEST}"] = replace(nodes[f"test:{TEST}"], lines=moved)
        moved = lines(files, {"tax.py": (1, 4, 9)})
        nodes["module:tax.py"] = replace(nodes["module:tax.py"], lines=moved)
    assert token(files, nodes) == token()


def test_an_edit_that_is_undone_gives_the_old_token_again() -> None:
    before = token()
    assert token(edited("tax.py", "n * LOW", "LOW * n")) != before
    assert token(dict(FILES)) == before


def test_a_test_of_another_name_has_another_token() -> None:
    nodes = recorded(FILES)
    other = "test_tax.py::test_rates"
    nodes[f"test:{other}"] = replace(nodes[f"test:{TEST}"], key=f"test:{other}")
    assert token(nodes=nodes, test=other) != token(nodes=nodes)


@pytest.mark.parametrize(
    "fields",
    [
        {"files": {"rates.json": "other"}},
        {"files": {}},
        {"dirs": {"data": "other"}},
        {"exists": {"local.cfg": "file"}},
        {"env": {"HOME": "other"}},
        {"names": frozenset({"fast_tax", "faster_tax"})},
        {"uses": frozenset({"module:tax.py"})},
        {"flags": frozenset({"unseen names"})},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_was_asked_for_is_in_the_token(fields: Mapping[str, object]) -> None:
    assert token(nodes=changed_test_node(**fields)) != token()


def test_who_looks_at_positions_has_the_whole_files_in_the_token() -> None:
    looking = changed_test_node(flags=frozenset({POSITIONS}))
    files = edited("tax.py", "    return n\n", "    return -n\n")
    nodes = recorded(files)
    key = f"test:{TEST}"
    nodes[key] = replace(nodes[key], flags=frozenset({POSITIONS}))
    assert token(files, nodes) != token(nodes=looking)
    assert token(nodes=dict(looking)) == token(nodes=looking)


def test_a_test_over_something_opaque_says_so() -> None:
    assert not token().opaque
    nodes = recorded(FILES)
    nodes["module:rates.py"] = replace(nodes["module:rates.py"], opaque=frozenset({"read a pipe"}))
    assert token(nodes=nodes).opaque
    assert token(nodes=changed_test_node(opaque=frozenset({"started a process"}))).opaque


def test_a_module_without_a_node_counts_by_its_file_as_it_is() -> None:
    nodes = recorded(FILES)
    del nodes["module:rates.py"]
    assert token(nodes=nodes, unseen="one") != token(nodes=nodes, unseen="two")
    assert token(unseen="one") == token(unseen="two")


def test_a_file_whose_text_is_unknown_counts_whole() -> None:
    nodes = recorded(FILES)
    known = {(p, sha(text)): text for p, text in FILES.items() if p != "rates.py"}
    impact = ImpactMap(nodes, {}, ())
    assert Tokens(impact, known, lambda _: "").of(TEST) != token()


def test_nodes_that_use_each_other_come_to_an_end() -> None:
    nodes = recorded(FILES)
    nodes["module:rates.py"] = replace(nodes["module:rates.py"], uses=frozenset({"module:tax.py"}))
    assert token(nodes=nodes) == token(nodes=dict(nodes))

"""Facts about the HTML page: it is whole, it loads nothing, and what it shows is never markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from gate_cases import KILLED, TIGHT, TODAY, answer, finding, unit, verdict, with_accepted

from assay.errors import ExitCode
from assay.gate.decide import Decision, Refusal, decide
from assay.history.rows import run_of_answer
from assay.model.accepted import Acceptance, Expired, Stance, Standing
from assay.model.answer import ChangedLines, Guard
from assay.model.finding import Evidence, Finding
from assay.model.history import Stamp
from assay.model.mutant import Measured, Status, Verdict
from assay.report.account import Account
from assay.report.cards import Weaknesses
from assay.report.html import SCRIPTS, html, part, trend_html, weaknesses_html
from assay.report.html_data import NAMED_TESTS, guard_words, page_data
from assay.report.html_page import page_of_account

TEXT = "def rate():\n    #\n    return 1\n"

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&`<!--\x00\x1b\u2028\ud800"
"""What would end an element, an attribute or a comment, and what no document may hold."""

SURVIVED = verdict(Status.SURVIVED, "s1")
EVERY = (
    KILLED,
    SURVIVED,
    verdict(Status.SURVIVED, "s2"),
    verdict(Status.NO_COVERAGE, "n1", "no test runs this line", "off"),
    verdict(Status.TIMEOUT, "t1", "ran over its limit"),
    verdict(Status.RUNTIME_ERROR, "r1", "not entered"),
    verdict(Status.COMPILE_ERROR, "c1"),
    verdict(Status.PENDING, "p1", "interrupted"),
)


class Reader(HTMLParser):
    """The elements of a page in order, and the texts of its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "link", "img", "input"}:
            self.open.append(tag)
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]][-1] += data
        else:
            self.words += data

    @property
    def data(self) -> Any:
        return json.loads(self.raw["script"][0])

    @property
    def script(self) -> str:
        return self.raw["script"][1]

    @property
    def policy(self) -> str:
        (found,) = [
            attributes["content"]
            for tag, attributes in self.tags
            if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        return found or ""


def account(*found: Finding) -> Account:
    units = (unit(Guard.TOUCHED, SURVIVED), unit(Guard.UNTOUCHED, name="gone"))
    of = with_accepted(replace(answer(*EVERY, units=units), inconclusive=("odd",)), "s2")
    run = run_of_answer(of, found, ExitCode.CLEAN, ExitCode.CLEAN, Stamp(1_700_000_000, "ab" * 20))
    later = replace(run, stamp=Stamp(1_700_086_400), noted=run.noted[:1])
    return Account(
        of,
        found,
        decide(TIGHT, of, found),
        ExitCode.GATE,
        texts={"tax.py": TEXT},
        runs=(run, later),
    )


def read(of: Account) -> Reader:
    return Reader(html(of))


def hashed(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.fixture(scope="module")
def page() -> Reader:
    return read(account(finding()))


# -- the document


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(page: Reader) -> None:
    assert page.policy.split("; ") == [
        "default-src 'none'",
        f"style-src '{hashed(page.raw['style'][0])}'",
        f"script-src '{hashed(page.script)}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_every_element_is_closed_and_no_id_stands_twice(page: Reader) -> None:
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)


def test_nothing_is_loaded_from_elsewhere(page: Reader) -> None:
    loading = {"src", "href", "action", "data", "srcset", "poster", "style"}
    links = {
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in loading or name.startswith("on")
    }
    assert links
    assert all(value and value.startswith("#") for value in links)
    for text in (page.script, page.raw["style"][0]):
        assert re.findall(r"https?:|//[a-z]|@import|url\(|\bimport\b|fetch\(", text) == []


def test_the_script_makes_no_markup_of_text(page: Reader) -> None:
    ways = r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|srcdoc"
    assert re.findall(ways, page.script) == []


def test_every_link_of_the_menu_leads_somewhere(page: Reader) -> None:
    ids = {attributes.get("id") for _, attributes in page.tags}
    to = [a["href"] for tag, a in page.tags if tag == "a" and a.get("href")]
    assert [link for link in to if (link or "")[1:] not in ids] == []
    assert to[1:] == ["#answer", "#changed", "#mutants", "#findings", "#files", "#gap", "#trend"]


@pytest.mark.parametrize("name", ["style.css", *SCRIPTS])
def test_the_parts_of_the_page_can_be_read(name: str) -> None:
    text = part(name)
    assert len(text.splitlines()) <= 500
    assert "</" not in text


# -- what is hostile


def hostile() -> Account:
    mutant = replace(
        SURVIVED.mutant, path=f"a{HOSTILE}.py", unit=HOSTILE, scope=HOSTILE, operator=HOSTILE
    )
    bad = replace(SURVIVED, mutant=mutant, covering=(HOSTILE,), reason=HOSTILE)
    of = answer(bad, units=(unit(Guard.TOUCHED, bad, name=HOSTILE),))
    of = replace(
        of,
        project=f"/p/{HOSTILE}",
        compared=HOSTILE,
        notices=(HOSTILE,),
        diffs={mutant.id: f"@@ -1 +1 @@\n-{HOSTILE}\n+x"},
        seconds={HOSTILE: 1.0},
        flaky={HOSTILE: HOSTILE},
    )
    found = replace(
        finding(),
        sentence=HOSTILE,
        fix=HOSTILE,
        tests=(HOSTILE,),
        evidence=(Evidence(HOSTILE, HOSTILE, HOSTILE),),
    )
    run = run_of_answer(of, (found,), ExitCode.CLEAN, ExitCode.CLEAN, Stamp(0, HOSTILE))
    later = replace(run, noted=(), stamp=Stamp(9))
    refusal = Refusal(HOSTILE, HOSTILE, (HOSTILE,), HOSTILE)
    decision = Decision(TIGHT, (refusal,), (HOSTILE,), ExitCode.GATE)
    return Account(of, (found,), decision, texts={mutant.path: HOSTILE}, runs=(run, later))


def test_hostile_names_stay_text() -> None:
    text = html(hostile())
    found = Reader(text)
    assert found.open == []
    assert not [tag for tag, _ in found.tags if tag == "img"]
    assert [tag for tag, _ in found.tags].count("script") == 2
    assert hashed(found.script) in found.policy
    assert not set("\x00\x1b\ud800") & set(text)
    assert "<img src=x onerror=alert(1)>" in found.words


def test_hostile_names_come_back_whole_from_the_data() -> None:
    data = Reader(html(hostile())).data
    assert data["tests"] == [HOSTILE]
    assert data["findings"][0]["say"] == HOSTILE
    assert data["mutants"][0]["u"] == HOSTILE


# -- the answer


def test_the_page_begins_with_the_gate_and_the_answer_in_numbers(page: Reader) -> None:
    words = " ".join(page.words.partition("Skip to the answer")[2].split())
    assert words.index("Gate failed (tight)") < words.index("2 functions changed: 0 guarded")
    assert "Not conclusive (3) odd." in words


def test_what_a_script_would_draw_is_there_as_text_without_one(page: Reader) -> None:
    outside = page.words.partition("The answer as text:")[2]
    assert "Survived: tax.py:3 rate [number] s1" in outside


def test_an_interrupted_run_says_so() -> None:
    of = account()
    cut = replace(of, answer=replace(of.answer, interrupted=True))
    assert "The run was interrupted" in read(cut).words
    assert "The run was interrupted" not in read(of).words


# -- the lists


def rows(of: Account) -> dict[str, Any]:
    return {row["i"]: row for row in page_data(page_of_account(of))["mutants"]}


def test_every_mutant_is_in_the_data_with_its_letter() -> None:
    assert {name: row["s"] for name, row in rows(account()).items()} == {
        "k": "K",
        "s1": "S",
        "s2": "S",
        "n1": "N",
        "t1": "T",
        "r1": "R",
        "c1": "C",
        "p1": "P",
    }


def test_a_survivor_has_its_diff_and_tests_a_killed_mutant_only_its_change() -> None:
    found = rows(account())
    assert found["s1"]["d"].splitlines()[0] == "@@ -3 +3 @@"
    assert (found["k"]["b"], found["k"]["a"], "d" in found["k"]) == ("1", "2", False)


def test_an_accepted_survivor_is_marked_and_others_are_not() -> None:
    found = rows(account())
    assert found["s2"]["h"] == "equivalent: both are the same"
    assert "h" not in found["s1"]


def test_only_what_went_wrong_is_not_conclusive() -> None:
    assert [name for name, row in rows(account()).items() if "q" in row] == ["r1", "p1"]


def test_an_expired_answer_and_an_earlier_measurement_stand_with_the_mutant() -> None:
    given = Acceptance("s1", "survivor", "tax.py", "rate", "0", Stance.ACCEPTED, "later", "", TODAY)
    again = replace(SURVIVED, reused=Measured(0, "abcdef0123"))
    of = replace(answer(again), accepted=Standing({}, {"s1": Expired(given, "rate has changed")}))
    assert rows(Account(of))["s1"]["w"] == [
        ["answered before", "no longer accepted (accepted: later): rate has changed", ""],
        ["measured", "by an earlier run, at abcdef0", ""],
    ]


def test_covering_tests_that_repeat_stand_in_the_page_once() -> None:
    tests = tuple(f"t.py::test_{n}" for n in range(NAMED_TESTS + 7))
    many = [replace(verdict(Status.SURVIVED, f"s{n}"), covering=tests) for n in range(50)]
    data = page_data(page_of_account(Account(answer(*many))))
    assert data["tests"] == list(tests[:NAMED_TESTS])
    assert len(data["sets"]) == 1
    assert {row["n"] for row in data["mutants"]} == {NAMED_TESTS + 7}


# -- files


def file_row(of: Account) -> Any:
    (row,) = page_data(page_of_account(of))["files"]
    return row


def test_a_file_has_its_functions_with_their_guard_and_its_text() -> None:
    row = file_row(account())
    assert [(one["n"], one["g"], one["k"], one["s"], one["c"]) for one in row["u"]] == [
        ("rate", "touched only", 1, 2, 7),
        ("off", "untouched", 0, 0, 1),
    ]
    assert row["t"] == TEXT


def test_a_text_that_is_not_what_was_mutated_is_not_shown() -> None:
    row = file_row(replace(account(), texts={"tax.py": TEXT.replace("1", "7")}))
    assert "t" not in row
    assert "has changed" in row["why"]


def test_a_changed_file_without_mutants_is_listed_with_its_changed_lines() -> None:
    of = replace(answer(), changed_lines=(ChangedLines("new.py", (1, 2), (2,)),))
    data = page_data(page_of_account(Account(of, texts={"new.py": "a\nb\n"})))
    (row,) = [row for row in data["files"] if row["p"] == "new.py"]
    assert (row["x"], row["m"], row["u"], row["t"]) == ([1, 2], [2], [], "a\nb\n")


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ((KILLED, SURVIVED), "guarded"),
        ((SURVIVED, EVERY[3]), "touched only"),
        ((EVERY[4],), "touched only"),
        ((EVERY[3],), "untouched"),
        ((EVERY[5], EVERY[3]), "not conclusive"),
        ((EVERY[6],), "no mutants"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_the_guard_of_a_function_follows_from_its_mutants(
    verdicts: tuple[Verdict, ...], words: str
) -> None:
    assert guard_words(list(verdicts)) == words


# -- charts


def test_the_gap_of_a_file_is_what_runs_minus_what_is_noticed(page: Reader) -> None:
    (words,) = [
        label
        for tag, attributes in page.tags
        if tag == "svg" and (label := attributes.get("aria-label") or "").startswith("tax.py")
    ]
    assert words == "tax.py: 75 % of 4 mutants run, 25 % noticed"


def test_the_trend_says_what_is_new_and_what_is_gone(page: Reader) -> None:
    words = " ".join(page.words.split())
    assert "Since the report of 2023-11-14 (abababa): 0 new, 1 gone, 1 still there." in words
    labels = [a.get("aria-label") or "" for tag, a in page.tags if tag == "svg"]
    assert "open findings: from 2 to 1 in 2 reports, 1 to 2" in labels


# -- weaknesses


def weak(*found: Finding) -> Weaknesses:
    return Weaknesses("/p", 2, (), (), found, 5, 4, {"skipped": 1}, ("note",), verdicts=EVERY[:2])


def test_the_page_of_weaknesses_has_the_findings_before_the_mutants() -> None:
    found = Reader(weaknesses_html(weak(finding()), (), {"tax.py": TEXT}))
    ids = [a["id"] for tag, a in found.tags if tag == "section"]
    assert ids == ["answer", "findings", "mutants", "files", "gap"]
    assert found.data["findings"][0]["i"] == "w1234567"
    assert "1 finding (rotten-green 1); 4 of 5 tests looked at." in found.words


def test_a_page_of_the_trend_alone_has_no_lists() -> None:
    found = Reader(trend_html("shop", account().runs))
    assert [a["id"] for tag, a in found.tags if tag == "section"] == ["answer", "trend"]

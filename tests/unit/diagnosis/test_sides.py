"""What is defined, changed and moved between two versions of a project."""

from __future__ import annotations

from assay.diagnosis.sides import Side, Sides, likeness

BASE = {
    "src/shop/__init__.py": "from shop.cart import total\n",
    "src/shop/cart.py": """\
LIMIT = 3


class Cart:
    size = 0

    def add(self, item):
        self.items.append(item)
        return len(self.items)


def total(items):
    result = 0
    for item in items:
        result += item
    return result
""",
}
HEAD = {
    "src/shop/__init__.py": "from shop.sums import total\n",
    "src/shop/cart.py": """\
LIMIT = 3


class Cart:
    size = 0

    def append(self, item):
        self.items.append(item)
        return len(self.items)
""",
    "src/shop/sums.py": """\
def total(items):
    result = 0
    for item in items:
        result += item
    return result
""",
}
SIDES = Sides(
    Side(BASE, ("src",)),
    Side(HEAD, ("src",)),
    {
        path: (BASE.get(path), HEAD.get(path))
        for path in {**BASE, **HEAD}
        if BASE.get(path) != HEAD.get(path)
    },
    lambda path: path.startswith("tests/"),
)


def test_a_module_is_found_below_the_places_that_imports_start_from() -> None:
    assert SIDES.base.module("shop.cart") == "src/shop/cart.py"
    assert SIDES.base.module("shop") == "src/shop/__init__.py"
    assert SIDES.base.module("shop.sums") is None
    assert SIDES.head.dotted("src/shop/sums.py") == "shop.sums"
    assert SIDES.head.dotted("src/shop/__init__.py") == "shop"


def test_what_is_gone_and_what_it_became() -> None:
    gone = {place.name: place for place in SIDES.gone}
    assert gone.keys() == {"Cart.add", "total"}
    (moved,) = SIDES.successors(gone["total"])
    assert (moved.path, moved.name) == ("src/shop/sums.py", "total")
    assert SIDES.successors(gone["Cart.add"])[0].name == "Cart.append"


def test_another_kind_of_definition_is_no_successor() -> None:
    cart = SIDES.base.definition("src/shop/cart.py", "Cart")
    total = SIDES.base.definition("src/shop/cart.py", "total")
    assert cart is not None
    assert total is not None
    assert likeness(cart, total) == 0.0
    assert likeness(total, total) == 1.0


def test_a_body_that_many_functions_have_tells_nothing_of_one_far_away() -> None:
    short, long = "    return 1\n", "    return [one for one in STOCK if one.price]\n"

    def successors(path: str, body: str) -> list[str]:
        head = {path: f"def pay():\n{body}"}
        sides = moved({"shop.py": f"def load():\n{body}"}, head)
        return [place.name for place in sides.successors(sides.gone[0])]

    assert successors("till.py", short) == []
    assert successors("shop.py", short) == ["pay"]
    assert successors("till.py", long) == ["pay"]


def test_lines_that_differ_and_what_they_touch() -> None:
    assert SIDES.removed_lines("src/shop/cart.py") >= {7, 12, 16}
    method = SIDES.head.definition("src/shop/cart.py", "Cart.append")
    limit = SIDES.head.definition("src/shop/cart.py", "LIMIT")
    assert method is not None
    assert limit is not None
    assert SIDES.touches(method)
    assert not SIDES.touches(limit)


def test_the_innermost_definition_around_a_line() -> None:
    around = SIDES.base.enclosing("src/shop/cart.py", 8)
    assert around is not None
    assert around.name == "Cart.add"
    assert SIDES.base.enclosing("src/shop/cart.py", 2) is None


def test_names_bound_at_the_top_of_a_module() -> None:
    side = Side(
        {"a.py": "import b.c, d as e\nfrom f import g\ntry:\n    x = 1\nexcept E:\n    y = 2\n"}
    )
    assert set(side.bound("a.py")) == {"b", "e", "g", "x", "y"}


def test_a_file_that_does_not_parse_defines_nothing() -> None:
    side = Side({"a.py": "def f(:\n"})
    assert side.defined_in("a.py") == []
    assert side.bound("a.py") == {}
    assert side.line("a.py", 1) == "def f(:"


def moved(base: dict[str, str], head: dict[str, str]) -> Sides:
    changed = {
        path: (base.get(path), head.get(path))
        for path in {**base, **head}
        if base.get(path) != head.get(path)
    }
    return Sides(Side(base), Side(head), changed, lambda path: path.startswith("tests/"))


def test_a_renamed_package_is_told_from_others_by_its_files() -> None:
    base = {"p/__init__.py": "", "p/a.py": "A = 1\n", "p/b.py": "B = 1\n"}
    head = {
        "q/__init__.py": "",
        "q/a.py": "A = 1\n",
        "q/b.py": "B = 1\n",
        "q/inner/__init__.py": "",
        "z/__init__.py": "",
    }
    sides = moved(base, head)
    assert sides.moved_package("p") == "q"
    assert sides.moved_package("other") is None


def test_a_package_without_init_is_found_by_its_files_too() -> None:
    assert moved({"p/a.py": "A = 1\n"}, {"q/a.py": "A = 1\n"}).moved_package("p") == "q"


def test_of_equal_files_the_one_of_the_same_name_is_the_new_place() -> None:
    sides = moved({"p/a.py": "A = 1\n"}, {"p/z.py": "A = 1\n", "p/sub/a.py": "A = 1\n"})
    assert sides.moved_module("p/a.py") == "p/sub/a.py"
    assert sides.came_from("p/sub/a.py") == "p/a.py"
    assert sides.came_from("p/a.py") is None

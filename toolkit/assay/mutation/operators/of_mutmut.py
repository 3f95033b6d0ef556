"""What mutmut's operators do, in our words and with our examples; the operators are mutmut's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Description:
    """The words and examples of an operator that we did not write."""

    does: str
    why: str
    makes: Mapping[str, tuple[str, ...]] = field(hash=False)
    leaves: tuple[str, ...] = ()


DESCRIPTIONS: Mapping[str, Description] = {
    "number": Description(
        "A number becomes one more.",
        "Limits, sizes and factors that no test pins down.",
        {
            "x = f(7)": ("x = f(8)",),
            "x = f(1.5)": ("x = f(2.5)",),
            "x = f(2j)": ("x = f(3j)",),
        },
        ("x = f(1e999)", "x: Literal[3]"),
    ),
    "string": Description(
        "A text gets `XX` at both ends, and is written in lower case and in upper case.",
        "Keys, messages and formats that no test reads.",
        {
            "x = f('Ab')": ("x = f('XXAbXX')", "x = f('ab')", "x = f('AB')"),
            "x = f(b'a')": ("x = f(b'XXaXX')", "x = f(b'A')"),
            r"x = f('\n')": (r"x = f('XX\nXX')",),
        },
        ('x = f("""Ab""")', "x: 'Ab'"),
    ),
    "name": Description(
        "`True` and `False` change places; `deepcopy` becomes `copy`.",
        "Flags of which only one value is tested, and copies that share their insides.",
        {
            "x = f(True)": ("x = f(False)",),
            "x = f(False)": ("x = f(True)",),
            "y = copy.deepcopy(x)": ("y = copy.copy(x)",),
        },
        ("x = f(None)", "x = f(truth)"),
    ),
    "assignment": Description(
        "What is assigned becomes `None`, and `None` becomes an empty text.",
        "Values that are computed, and that no test looks at.",
        {
            "x = f()": ("x = None",),
            "x: int = f()": ("x: int = None",),
            "x = None": ('x = ""',),
            "x, y = f()": ("x, y = None",),
        },
        ("x: int", "x += f()"),
    ),
    "augmented_assignment": Description(
        "`a += b` becomes `a = b`, and so for every such assignment.",
        "Sums over one thing only.",
        {"x += y": ("x = y",), "x |= y": ("x = y",)},
        ("x = y",),
    ),
    "remove_unary_ops": Description(
        "`not` and `~` are dropped.",
        "Conditions that are tested one way only.",
        {"x = not y": ("x = y",), "x = ~y": ("x = y",), "x = (not y)": ("x = (y)",)},
        ("x = -y",),
    ),
    "dict_arguments": Description(
        "A key of `dict(key=...)` gets another name.",
        "Keys that no test reads.",
        {"x = dict(a=b, c=d)": ("x = dict(aXX=b, c=d)", "x = dict(a=b, cXX=d)")},
        ("x = dict(a)", "x = Dict(a=b)"),
    ),
    "arg_removal": Description(
        "Each argument of a call becomes `None`, and is dropped where there are several.",
        "Arguments whose value no test can tell from another.",
        {
            "f(x)": ("f(None)",),
            "f(x, y=z)": ("f(None, y=z)", "f(x, y=None)", "f(y=z)", "f(x, )"),
            "f(None, x)": ("f(None, None)", "f(x)", "f(None, )"),
        },
        ("f()", "f(None)", "f(*x)"),
    ),
    "symmetric_string_methods_swap": Description(
        "A method of texts becomes its mirror image: `lower` and `upper`, `lstrip` and `rstrip`, "
        "`find` and `rfind`, `ljust` and `rjust`, `index` and `rindex`, `removeprefix` and "
        "`removesuffix`, `partition` and `rpartition`.",
        "Texts that look the same from both ends.",
        {
            "y = x.lower()": ("y = x.upper()",),
            "y = x.lstrip()": ("y = x.rstrip()",),
            "y = x.rpartition(s)": ("y = x.partition(s)",),
        },
        ("y = x.strip()", "y = lower(x)"),
    ),
    "unsymmetrical_string_methods_swap": Description(
        "`split` and `rsplit` change places where a limit is given.",
        "Without a limit both give the same.",
        {
            "y = x.split(s, 1)": ("y = x.rsplit(s, 1)",),
            "y = x.rsplit(maxsplit=n)": ("y = x.split(maxsplit=n)",),
        },
        ("y = x.split()", "y = x.split(s)"),
    ),
    "lambda": Description(
        "What a lambda returns becomes `None`, and `None` becomes 0.",
        "Callbacks whose result no test sees.",
        {"f = lambda x: x.y": ("f = lambda x: None",), "f = lambda: None": ("f = lambda: 0",)},
        ("def f(): return x",),
    ),
    "keywords": Description(
        "`is` and `is not`, `in` and `not in` change places; `break` becomes `return`, and "
        "`continue` becomes `break`.",
        "Questions of which only one answer is tested; loops that always end the same way.",
        {
            "x = y is z": ("x = y is not z",),
            "x = y not in z": ("x = y in z",),
            "for x in y: continue": ("for x in y: break",),
            "def f():\n    for x in y: break\n    g()": (
                "def f():\n    for x in y: return\n    g()",
            ),
        },
        ("for x in y: pass", "for x in y: break"),
    ),
    "swap_op": Description(
        "An operator becomes its one partner: `+` and `-`, `*` and `/`, `//` and `%` to `/`, `**` "
        "to `*`, `<<` and `>>`, `&` and `|`, `^` to `&`, `<` and `<=`, `>` and `>=`, `==` and "
        "`!=`, `and` and `or`; the same for `+=` and its kin.",
        "Arithmetic and limits that are tested at one point only.",
        {
            "x = y + z": ("x = y - z",),
            "x = y % z": ("x = y / z",),
            "x = y ** z": ("x = y * z",),
            "x = y < z": ("x = y <= z",),
            "x = y == z": ("x = y != z",),
            "x = y and z": ("x = y or z",),
            "x = -y": ("x = +y",),
            "x += y": ("x -= y",),
        },
        ("x = y @ z", "x = ~y"),
    ),
    "match": Description(
        "One case of a `match` is dropped.",
        "Cases that no test needs.",
        {
            "match x:\n    case 1: f()\n    case _: g()": (
                "match x:\n    case _: g()",
                "match x:\n    case 1: f()",
            )
        },
        ("match x:\n    case _: f()",),
    ),
    "if_exp": Description(
        "The condition of a ternary is forced to be false, and to be true.",
        "Ternaries of which only one side is tested.",
        {"x = y if z else w": ("x = y if (z) and False else w", "x = y if (z) or True else w")},
        ("if z: x = y",),
    ),
}

"""A library that is imported and not installed.

Facts: `module` is the top module that is missing, `declared` the requirement that asks for it, ""
if none does.
"""

from __future__ import annotations

import re
import sys

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.sides import Sides
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Site
from assay.model.evidence import OF_THE_PROJECT, Frame, FrameKind, Raised

_OTHER_NAMES = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "git": "gitpython",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "openssl": "pyopenssl",
    "pil": "pillow",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Distributions that are not called as the module they bring."""


def _match(case: Case) -> Match | None:
    error = case.error
    name = error.attributes.get("name")
    unknown = _NO_METADATA.match(error.first_line)
    if error.is_a("PackageNotFoundError") and unknown is not None:
        return _without_metadata(case, unknown["name"])
    if not error.is_a("ModuleNotFoundError") or not isinstance(name, str):
        return None
    top = name.partition(".")[0]
    frame = error.last_own_frame
    if frame is None or "is not a package" in error.message or _is_known(case.sides, top):
        return None
    declared = declared_as(case.sides, top)
    fault = _fault(case, frame, declared)
    return Match(
        cause=CAUSE.name,
        key=top,
        certainty=Certainty.COMPLETE,
        sentence=f"{frame.place} needs `{top}`, which is not installed"
        + (f" though {declared!r} is declared" if declared else " and not declared"),
        proofs=(
            Proof("import", frame.source, frame.place, "head"),
            Proof("declared", declared or "by no requirement of the project", "", "head"),
        ),
        signs=(),
        sites=(Site(frame.path, frame.line),),
        fix=f"install {declared!r}" if declared else f"declare and install what brings `{top}`",
        facts={"module": top, "declared": declared},
        decided=fault,
    )


_NO_METADATA = re.compile(r"No package metadata was found for (?P<name>[\w.-]+)")


def _without_metadata(case: Case, name: str) -> Match | None:
    """A distribution, perhaps the project's own, of which only the files are there."""
    frame = case.error.last_own_frame
    if frame is None:
        return None
    return Match(
        cause=CAUSE.name,
        key=name,
        certainty=Certainty.COMPLETE,
        sentence=f"{frame.place} asks for the metadata of `{name}`, which is not installed",
        proofs=(Proof("asks", frame.source, frame.place, "head"),),
        signs=(),
        sites=(Site(frame.path, frame.line),),
        fix=f"install `{name}`; the project itself with `pip install -e .`",
        facts={"module": name, "declared": declared_as(case.sides, name)},
        decided=Fault.ENVIRONMENT,
    )


def _is_known(sides: Sides, top: str) -> bool:
    """Whether it is Python's own, or a file of the project, wherever that lies."""
    ours = (f"{top}.py", f"{top}/__init__.py")
    return (
        top in sys.stdlib_module_names
        or sides.head.is_package(top)
        or sides.base.is_package(top)
        or any(path.endswith(tuple(f"/{one}" for one in ours)) for path in sides.head.texts)
    )


def declared_as(sides: Sides, top: str) -> str:
    """The requirement that brings a module; "" if none does."""
    wanted = {top.lower().replace("_", "-"), _OTHER_NAMES.get(top.lower(), top.lower())}
    wanted |= {f"python-{top.lower()}", f"py{top.lower()}"}
    for requirement in sides.requires:
        name = re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]
        if re.sub(r"[-_.]+", "-", name.lower()) in wanted:
            return requirement
    return ""


def _fault(case: Case, frame: Frame, declared: str) -> Fault | None:
    """Declared and not there, or asked for by another library: the environment's. Asked for anew
    and not declared: of the file that asks."""
    if declared or _asked_by_library(case.error):
        return Fault.ENVIRONMENT
    if frame.line not in case.sides.changed_lines(frame.path):
        return None
    return Fault.TEST if frame.kind is not FrameKind.SOURCE else Fault.CODE


def _asked_by_library(error: Raised) -> bool:
    asking = [f for f in error.frames if f.kind in OF_THE_PROJECT or f.kind is FrameKind.LIBRARY]
    return bool(asking) and asking[-1].kind is FrameKind.LIBRARY


CAUSE = Cause(
    name="missing-dependency",
    title="Missing dependency",
    rule=(
        "A ModuleNotFoundError for a module that is neither the project's nor of the standard "
        "library; or a PackageNotFoundError of `importlib.metadata`."
    ),
    shows="the import, and the requirement that declares it.",
    verdict=(
        "Environment, if a requirement declares it or another library asks for it; else code or "
        "test, if a changed line of the one or the other imports it; else undecided."
    ),
    fix="install it, declare it, or `pytest.importorskip` where it is optional.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "One import is declared and not installed, one is new and not declared.",
            {
                "pyproject.toml": '[project]\nname = "x"\ndependencies = ["absent-lib>=2"]\n',
                "shop.py": "def price():\n    return 1\n",
                "paint.py": "def hue():\n    return 1\n",
                "test_shop.py": "import shop\n\n\ndef test_price():\n    assert shop.price()\n",
                "test_paint.py": "import paint\n\n\ndef test_hue():\n    assert paint.hue()\n",
                "test_gone.py": "def test_gone():\n    import test_gone.parts\n",
            },
            {
                "shop.py": "import absent_lib\n\n\ndef price():\n    return absent_lib.x\n",
                "paint.py": "def hue():\n    import not_declared\n    return not_declared.x\n",
            },
            {"test_shop.py": Fault.ENVIRONMENT, "test_paint.py::test_hue": Fault.CODE},
            ("test_gone.py::test_gone",),
        ),
    ),
    ambiguity="a distribution whose module has another name is found only if the name is known.",
)

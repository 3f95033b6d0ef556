"""Who mentions what differs: names followed from file to file (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from assay.impact.mentions import (
    ANY,
    ANY_MODULE,
    IMPORTERS,
    ClassDefinition,
    FileMentions,
    Mention,
    read_mentions,
)
from assay.model.difference import Difference
from assay.model.impact import Source

MANY = 300
"""Beyond so many names, following them further says nothing that the import does not say."""


# Asking


@dataclass(frozen=True, slots=True)
class Readers:
    """Who mentions what a difference is about.

    `lines` are masks by file; `classes` the classes it is about, derived ones included; `followed`
    is false when the names lead too far, or a class takes notice of what is in it: then whoever
    depends on the import is affected.
    """

    lines: Mapping[Source, int] = field(hash=False)
    classes: frozenset[str]
    followed: bool


class Mentions:
    """The recorded files, asked for names; each is taken apart at most once, and only if its text
    has the name."""

    def __init__(self, texts: Mapping[Source, str]) -> None:
        self._texts = texts
        self._read: dict[Source, FileMentions] = {}
        self._any_module: bool | None = None

    def of(self, source: Source) -> FileMentions:
        found = self._read.get(source)
        if found is None:
            found = self._read[source] = read_mentions(self._texts[source], source[0])
        return found

    def is_imported(self, path: str) -> bool:
        """Whether some file imports the module by its name: not all ways to load one do."""
        module = _module_name(path)
        return any(
            taken.module == module
            for source in self._with_text({module} | _NEAR)
            if source[0] != path
            for taken in self.of(source).imports
        )

    def readers(self, difference: Difference, path: str) -> Readers:
        """Every line that mentions what differs in the file at `path`."""
        classes = self._derived(difference.classes)
        if classes is None or not all(self._is_plain(base) for base in difference.bases):
            return Readers({}, difference.classes, followed=False)
        search = _Search(difference, path)
        if difference.classes or "." in difference.unit:
            search.of_classes(difference.names - classes, classes, difference.values)
        if "__doc__" in difference.names:
            search.of_classes(frozenset({"__doc__"}), frozenset(), frozenset())
        if "." not in difference.unit:
            # A class that comes or goes is one more thing that its module binds.
            search.of_module(path, difference.names, difference.values)
            if self._imports_any_module():
                # The module may be at hand under any name.
                search.of_classes(difference.names, frozenset(), frozenset())
        while search.pending:
            if len(search.known) > MANY:
                return Readers({}, classes, followed=False)
            what = search.pending.pop()
            if isinstance(what, _OfModule):
                self._search_module(search, what)
            else:
                self._search_classes(search, what)
        return Readers(search.lines, classes, followed=True)

    def _imports_any_module(self) -> bool:
        """Whether some file imports modules by computed names."""
        if self._any_module is None:
            self._any_module = any(
                ANY_MODULE in self.of(source).tokens for source in self._with_text(IMPORTERS)
            )
        return self._any_module

    def _search_classes(self, search: _Search, what: _OfClasses) -> None:
        """Mentions of what classes have, but for variables of that name, and of the classes."""
        for source in self._with_text(what.names | what.classes | what.values):
            mask = 0
            for mention in self.of(source).statements:
                named = (mention.tokens - mention.bare) & what.names
                if not (named or mention.tokens & what.classes or mention.values & what.values):
                    continue
                if mention.gives is None:
                    mask |= mention.lines
                else:
                    self._given(search, source, mention)
            search.add(source, mask)

    def _search_module(self, search: _Search, what: _OfModule) -> None:
        """Mentions of what a module binds, where the module can be reached."""
        module = what.alias or _module_name(what.path)
        for source in self._with_text({module} | _DYNAMIC | _NEAR, what.path):
            file = self.of(source)
            reach = _Reach(file, source[0] == what.path, module, what)
            for taken in reach.taken_from_it:
                # Whoever takes the name has it under a name of his own, for others to take.
                names = what.names if taken.name == "*" else what.names & {taken.name}
                values = what.values if taken.name == "*" else what.values & {taken.name}
                bound = frozenset({taken.bound}) if taken.name != "*" else names
                if search.is_gone and what.path == search.path:
                    # Taking what is not there fails.
                    search.add(source, 1 << taken.line)
                search.of_module(source[0], bound if names else names, bound if values else values)
            for alias in reach.aliases:
                # Who takes the module from there takes it under the name it has there.
                search.of_module(what.path, what.names, what.values, alias)
            wide = search.is_wide(self._texts[source])
            mask = 0
            for mention in file.statements:
                if reach.computes(mention, wide):
                    mask |= mention.lines
                elif reach.names(mention, wide):
                    if mention.gives is None:
                        mask |= mention.lines
                    else:
                        self._given(search, source, mention)
            search.add(source, mask)

    def _given(self, search: _Search, source: Source, mention: Mention) -> None:
        """A top-level statement gives what it mentions other names: these differ too."""
        assert mention.gives is not None
        if not mention.owner:
            search.of_module(source[0], mention.gives, frozenset())
            return
        derived = self._derived(frozenset({mention.owner}))
        if derived is None:
            # Somebody takes notice of what the class contains: the import itself differs.
            search.add(source, mention.lines)
        else:
            search.of_classes(mention.gives, derived, frozenset())

    def _with_text(self, words: Collection[str], path: str = "") -> list[Source]:
        """The files whose text has one of the words, and that at `path`."""
        return [
            source
            for source, text in self._texts.items()
            if source[0] == path or any(word in text for word in words)
        ]

    def _follow(self, names: frozenset[str]) -> frozenset[str] | None:
        """The classes' names, and those that are given to them."""
        known = set(names)
        fresh = set(names)
        while fresh:
            given: set[str] = set()
            for source in self._with_text(fresh):
                file = self.of(source)
                given |= {t.bound for t in file.imports if t.name in fresh}
                for mention in file.statements:
                    if mention.gives and mention.tokens & fresh and not mention.owner:
                        given |= mention.gives
            fresh = given - known
            known |= fresh
            if len(known) > MANY:
                return None
        return frozenset(known)

    def _derived(self, classes: frozenset[str]) -> frozenset[str] | None:
        """The classes and all derived from them; None if one of these takes notice of contents."""
        known = set(classes)
        fresh: frozenset[str] = classes
        seen: set[ClassDefinition] = set()
        while fresh:
            # A class may be derived from under another name.
            aliases = self._follow(fresh)
            if aliases is None:
                return None
            found: set[str] = set()
            for source in self._with_text(aliases):
                for definition in self.of(source).classes:
                    if definition.bases & aliases and definition not in seen:
                        seen.add(definition)
                        others = definition.bases - known - aliases
                        if not definition.plain or not all(map(self._is_plain, others)):
                            return None
                        found.add(definition.name)
            fresh = frozenset(found - known)
            known |= found
            if len(known) > MANY:
                return None
        return frozenset(known)

    def _is_plain(self, base: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a base class takes no notice of what a class derived from it contains."""
        if base in seen:
            # No class is derived from itself: some of these are other classes of the same name.
            return False
        definitions = [
            definition
            for source in self._with_text({base})
            for definition in self.of(source).classes
            if definition.name == base
        ]
        return bool(definitions) and all(
            d.plain and all(self._is_plain(b, seen | {base}) for b in d.bases) for d in definitions
        )


_NEAR = frozenset({"from . ", "from .. ", "from ... "})
"""How a package is imported from without its name."""

_DYNAMIC = frozenset({"import_module", "__import__", "sys.modules", "iter_modules"})
_DYNAMIC_TOKENS = frozenset({"import_module", "__import__", "modules", "iter_modules"})


@dataclass(frozen=True, slots=True)
class _OfModule:
    """Names bound by the module at `path`, and those that matter as values only; `alias`: where
    the module has that name."""

    path: str
    names: frozenset[str]
    values: frozenset[str]
    alias: str = ""


@dataclass(frozen=True, slots=True)
class _OfClasses:
    """Names that objects of some classes have, the classes, and names that matter as values."""

    names: frozenset[str]
    classes: frozenset[str]
    values: frozenset[str]


class _Search:
    """What is still to be looked for, and the lines found."""

    def __init__(self, difference: Difference, path: str) -> None:
        self._difference = difference
        self.path = path
        self.is_gone = difference.words == "is deleted"
        self.pending: list[_OfModule | _OfClasses] = []
        self.known: set[_OfModule | _OfClasses] = set()
        self.lines: dict[Source, int] = {}

    def of_module(
        self, path: str, names: frozenset[str], values: frozenset[str], alias: str = ""
    ) -> None:
        self._look_for(_OfModule(path, names, values, alias), bool(names or values))

    def of_classes(
        self, names: frozenset[str], classes: frozenset[str], values: frozenset[str]
    ) -> None:
        self._look_for(_OfClasses(names, classes, values), bool(names or classes or values))

    def _look_for(self, what: _OfModule | _OfClasses, anything: bool) -> None:
        if anything and what not in self.known:
            self.known.add(what)
            self.pending.append(what)

    def add(self, source: Source, mask: int) -> None:
        if mask:
            self.lines[source] = self.lines.get(source, 0) | mask

    def is_wide(self, text: str) -> bool:
        """Whether a look-up by a computed name in a file may concern the difference."""
        if self._difference.names == {"__all__"}:
            return False
        # What only matters to who reads docstrings matters where a line does.
        return bool(self._difference.names) or any(w in text for w in self._difference.through)


class _Reach:
    """Whether a statement of one file can get at what a module binds."""

    def __init__(self, file: FileMentions, own: bool, module: str, what: _OfModule) -> None:
        self._own = own
        self._what = what
        wanted = what.names | what.values
        from_it = [t for t in file.imports if t.module == module]
        self.taken_from_it = [t for t in from_it if not own and (t.name == "*" or t.name in wanted)]
        self._near = own or bool(from_it) or module in file.tokens
        # The package around a module leads to the module by its name only.
        self._handles = frozenset(t.bound for t in from_it if t.name == "" and not t.above)
        self.aliases = frozenset(t.bound for t in from_it if t.name == "" and not t.above) - {
            module
        }
        self._dynamic = frozenset(
            mention.scope
            for mention in file.statements
            if not _DYNAMIC_TOKENS.isdisjoint(mention.tokens)
        )

    def names(self, mention: Mention, wide: bool) -> bool:
        """Whether it names what differs, or hands the module on."""
        if not self._near:
            return False
        # Where it was imported from here, the importer's own name is looked for.
        tokens = mention.tokens if self._own else mention.tokens - mention.bare
        if tokens & self._what.names or mention.values & self._what.values & tokens:
            return True
        return wide and bool(self._handles & mention.values)

    def computes(self, mention: Mention, wide: bool) -> bool:
        """Whether it looks names up in the module by computed ones."""
        if not wide or ANY not in mention.tokens:
            return False
        reaches = self._own or bool(self._handles & mention.tokens)
        # For who reads docstrings, a module of a computed name is too far.
        return reaches or (bool(self._what.names) and mention.scope in self._dynamic)


def _module_name(path: str) -> str:
    """The last part of a module's dotted name."""
    file = PurePosixPath(path)
    return file.parent.name if file.stem == "__init__" else file.stem

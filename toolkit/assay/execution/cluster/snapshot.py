"""Packs the files of a project into one archive, and unpacks them where the tests are to run."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tarfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from assay.errors import UsageError

MEGABYTE = 1_000_000

_LEFT_OUT = frozenset({".git", ".hg", ".assay", "__pycache__", "node_modules"})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A compressed tar archive, and the SHA-256 of what it holds."""

    digest: str
    files: int
    content: bytes = field(repr=False)

    @property
    def size(self) -> str:
        return _shown(len(self.content))


def pack(root: Path, paths: Iterable[str], limit: int) -> Snapshot:
    """The files as they are now; modes and symbolic links are kept.

    UsageError if their contents come to more than `limit` megabytes. A file that vanishes meanwhile
    is left out: were it needed, the tests would not be collected the same on the worker.
    """
    ordered = sorted(set(paths))
    _check_size(root, ordered, limit)
    buffer = io.BytesIO()
    files = 0
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in ordered:
            with contextlib.suppress(FileNotFoundError):
                files += _add(archive, root / path, path)
    plain = buffer.getvalue()
    return Snapshot(hashlib.sha256(plain).hexdigest(), files, zlib.compress(plain, 1))


def _add(archive: tarfile.TarFile, place: Path, name: str) -> int:
    """Add a file or a link; how many were added (none for sockets, pipes and directories)."""
    # The stub does not say so, but sockets give None.
    info: tarfile.TarInfo | None = archive.gettarinfo(place, arcname=name)
    if info is None or not (info.isreg() or info.islnk() or info.issym()):
        return 0
    if info.issym():
        archive.addfile(_nobodys(info))
        return 1
    content = place.read_bytes()
    # A second name of a file (a hard link) is a file of its own in the snapshot.
    info.type, info.linkname, info.size = tarfile.REGTYPE, "", len(content)
    archive.addfile(_nobodys(info), io.BytesIO(content))
    return 1


def _nobodys(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def unpack(content: bytes, target: Path) -> None:
    """Write the files of an archive under a directory, which is made."""
    target.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(zlib.decompress(content))) as archive:
        # Whoever may send this may run any code here: there is nothing to guard against. (Early
        # patch releases of Python 3.11 know no filters.)
        if hasattr(tarfile, "fully_trusted_filter"):
            archive.extraction_filter = tarfile.fully_trusted_filter
        archive.extractall(target)


def files_below(root: Path, excluded: Collection[str]) -> Iterator[str]:
    """All files of a project that is no git repository, without environments and caches."""
    for directory, names, files in os.walk(root):
        names[:] = [
            name
            for name in names
            if name not in _LEFT_OUT
            and str(Path(directory, name)) not in excluded
            and not Path(directory, name, "pyvenv.cfg").exists()
        ]
        links = [name for name in names if Path(directory, name).is_symlink()]
        for name in [*files, *links]:
            yield Path(directory, name).relative_to(root).as_posix()


def _check_size(root: Path, paths: Iterable[str], limit: int) -> None:
    sizes: Counter[str] = Counter()
    for path in paths:
        try:
            sizes[path.partition("/")[0]] += (root / path).lstat().st_size
        except OSError:
            continue
    total = sum(sizes.values())
    if total > limit * MEGABYTE:
        largest = ", ".join(f"{name} ({_shown(size)})" for name, size in sizes.most_common(3))
        raise UsageError(
            f"the project's files come to {_shown(total)}, and at most {limit} MB are sent to a "
            f"cluster: have git ignore what the tests do not need, or raise `snapshot-megabytes` "
            f"in [tool.assay]; the largest: {largest}"
        )


def _shown(size: int) -> str:
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE else f"{max(1, size // 1000)} kB"

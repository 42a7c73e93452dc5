"""A file system of a few megabytes that can be filled up and emptied again. Needs Linux, and root or a small /dev/shm.

Containers, where mounting is forbidden, have a /dev/shm of 64 MB of their own.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

SIZE_MB = 8
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - in it a folder is made for one test alone
SMALL_BYTES = 128 * 2**20


@dataclass(frozen=True, slots=True)
class SmallDisk:
    folder: Path

    def fill(self) -> None:
        """To the last block."""
        with (self.folder / "filler").open("ab", buffering=0) as filler:
            for size in (2**20, 2**12):
                try:
                    while True:
                        filler.write(b"\0" * size)
                except OSError:
                    continue

    def empty(self) -> None:
        (self.folder / "filler").unlink()


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Raises OSError where there is no way to have one."""
    folder.mkdir()
    size = f"size={SIZE_MB}m"
    if os.geteuid() == 0 and _run("mount", "-t", "tmpfs", "-o", size, "small", str(folder)):
        try:
            yield SmallDisk(folder)
        finally:
            _run("umount", "--lazy", str(folder))
        return
    if shutil.disk_usage(SHARED_MEMORY).total > SMALL_BYTES:
        raise OSError("no small disk: be root, or run this test behind `unshare --map-root-user --mount`")
    with TemporaryDirectory(dir=SHARED_MEMORY) as shared:
        yield SmallDisk(Path(shared))


def _run(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 - our own words

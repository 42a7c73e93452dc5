"""Keeps servers that tests start from outliving the tests, whichever way the tests end. Knows nothing of the servers.

A small shell stands between: it starts them, waits at a pipe whose other end we hold, and stops them and removes their
files when that end is closed, be it by us at the end or by the kernel because we were killed.
"""

import os
import pwd
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

FRAME = """
run=$1
start() {{
:
{start}
}}
stop() {{
:
{stop}
}}
if start </dev/null >"$run/log" 2>&1; then echo ready; else echo failed; fi
read -r _
stop </dev/null >>"$run/log" 2>&1
rm -rf "$run"
"""


@contextmanager
def guarded(
    run: Path,
    *,
    start: str,
    stop: str,
    variables: Mapping[str, str],
    user: pwd.struct_passwd | None = None,
) -> Iterator[None]:
    """Runs the shell lines `start` before the `with` block and `stop` after it; then removes the folder `run`.

    Both see `$run`, where their `log` is, and the `variables`. Processes that `start` leaves in the background are in
    one process group with the guard. Raises ChildProcessError with the log when `start` fails.
    """
    with subprocess.Popen(  # noqa: S603 -- our own lines; what varies is in variables, not pasted into them
        ["/bin/sh", "-c", FRAME.format(start=start, stop=stop), "guard", str(run)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=run,
        env={"PATH": os.environ.get("PATH", os.defpath), **variables},
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else [],
        start_new_session=True,  # Ctrl-C is for the tests; they still need the servers to clean up
    ) as guard:
        assert guard.stdout is not None
        if guard.stdout.readline().strip() != "ready":
            raise ChildProcessError((run / "log").read_text(encoding="utf-8", errors="replace"))
        yield

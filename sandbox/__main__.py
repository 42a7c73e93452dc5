"""`python -m sandbox --port N [--no-limits]`: the stand-in alone, without page and news site, for crash tests."""

import argparse
import asyncio
import sys
from time import time  # noqa: TID251 - a program of its own: here begins the clock that everything else is given

from starlette.applications import Starlette

from sandbox.limits import Limits
from sandbox.server import serve, telegram_routes
from sandbox.telegram import DEFAULT_TOKEN, Telegram


async def _run(*, port: int, token: str, limits: Limits) -> None:
    telegram = Telegram(clock=time, token=token, limits=limits)
    async with serve(Starlette(routes=[*telegram_routes(telegram)]), port=port) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; the address is printed")
    parser.add_argument("--token", default=DEFAULT_TOKEN)
    parser.add_argument("--no-limits", action="store_true", help="never answer 429 by itself")
    asked = parser.parse_args()
    limits = Limits.off() if asked.no_limits else Limits()
    try:
        asyncio.run(_run(port=asked.port, token=asked.token, limits=limits))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

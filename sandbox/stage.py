"""The whole sandbox as one app: Telegram, the chat page, the news site, with a first reader and two editors."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette

from sandbox.page import page_routes
from sandbox.server import telegram_routes
from sandbox.site import NewsSite
from sandbox.telegram import Telegram

DESK_CHAT_ID = -1_001_000_000_110


@dataclass(frozen=True, slots=True)
class Stage:
    telegram: Telegram
    site: NewsSite
    app: Starlette


def set_stage(clock: Callable[[], float]) -> Stage:
    """`clock` gives unix seconds. The people's names are invented."""
    telegram = Telegram(clock=clock)
    site = NewsSite(clock)
    telegram.add_person("Айгүл", "Омарова", language_code="kk")
    aidana = telegram.add_person("Айдана", "Серікова", language_code="kk")
    yerlan = telegram.add_person("Ерлан", "Тоқтаров", language_code="ru")
    telegram.add_group("Редакция", [aidana.user_id, yerlan.user_id], forum=True, chat_id=DESK_CHAT_ID)
    # The site before Telegram, whose control API would take every address under /sandbox/ for its own.
    return Stage(telegram, site, Starlette(routes=[*page_routes(), *site.routes(), *telegram_routes(telegram)]))

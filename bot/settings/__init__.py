"""The settings of Dauys: what can be set (`sections`), where it is read from (`layers`), what is wrong (`problems`)."""

from bot.settings.layers import DEFAULT_PATH, load_settings
from bot.settings.problems import Problem, SettingsError
from bot.settings.sections import (
    HOTLINE_110,
    KNOWN_LANGUAGES,
    Database,
    Delivery,
    Desk,
    Hotline,
    HotlineNumber,
    Language,
    Localised,
    Log,
    Newsroom,
    Settings,
    Source,
    Telegram,
)

__all__ = [
    "DEFAULT_PATH",
    "HOTLINE_110",
    "KNOWN_LANGUAGES",
    "Database",
    "Delivery",
    "Desk",
    "Hotline",
    "HotlineNumber",
    "Language",
    "Localised",
    "Log",
    "Newsroom",
    "Problem",
    "Settings",
    "SettingsError",
    "Source",
    "Telegram",
    "load_settings",
]

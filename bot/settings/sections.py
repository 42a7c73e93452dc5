"""Every setting, its default and its rule. Reading files and the environment is `bot.settings.layers`' work.

A value that breaks a rule is named with the way to mend it; a token or a password is never part of that sentence.
"""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self, get_args
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.redaction import Redactor
from bot.settings.problems import Problem, SettingsError

Language = Literal["kk", "ru", "en"]
KNOWN_LANGUAGES: tuple[Language, ...] = get_args(Language)

FREE_BROADCAST_PER_S = 30
"""core.telegram.org/bots/faq#how-can-i-message-all-of-my-bot-39s-subscribers-at-once"""

_TOKEN_SHAPE = re.compile(r"\d+:[A-Za-z0-9_-]+")
_PASTE_IT = "paste the whole token that @BotFather gave you, like 123456:ABC…"
_TELEGRAMS_SERVER = "api.telegram.org"
_WEBHOOK_PORTS = (443, 80, 88, 8443)  # core.telegram.org/bots/api#setwebhook
_WEBHOOK_LABEL = b"dauys webhook secret"
_LISTEN_LIKE = "write an address and a port, like 127.0.0.1:8443"
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def _fault(fault: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError("dauys", "{fault}", {"fault": fault, "fix": fix})


def _split_http(url: str) -> SplitResult:
    """`url` in parts; raises the fault of a setting when it is not a whole http(s) address."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError when it is no number
    except ValueError:
        raise _fault("is not a web address", "write it whole, like https://example.org/feed/") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or any(letter.isspace() for letter in url):
        raise _fault("is not a web address", "write it whole, like https://example.org/feed/")
    return parts


def _web_address(url: str) -> str:
    _split_http(url)
    return url


WebAddress = Annotated[str, AfterValidator(_web_address)]


def _stays_private(host: str) -> bool:
    """Whether plain http to `host` stays on this machine or in a private network, as far as its name tells."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_SUFFIXES)
    return address.is_private or address.is_loopback or address.is_link_local


class Section(BaseModel):
    """A table of the config file: nothing unknown in it, nothing changed after it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)


class Localised(Section):
    """One text in the languages of the bot; which of them it must have, `Settings` checks."""

    kk: str = ""
    ru: str = ""
    en: str = ""

    def in_language(self, language: str) -> str:
        """The text in `language`, or in the first language that has one."""
        texts = {"kk": self.kk, "ru": self.ru, "en": self.en}
        return texts.get(language) or next((text for text in texts.values() if text), "")


class Newsroom(Section):
    """Who speaks through the bot, as readers are told."""

    name: Localised = Localised(kk="Редакция", ru="Редакция", en="The newsroom")
    site: WebAddress | None = None
    privacy_contact: str | None = None
    texts: Path | None = None

    @field_validator("texts")
    @classmethod
    def _texts_are_a_folder(cls, texts: Path | None) -> Path | None:
        if texts is not None and not texts.is_dir():
            raise _fault(
                f"{texts} is not a folder", "name a folder that holds catalogs like kk/LC_MESSAGES/messages.po"
            )
        return texts


class Telegram(Section):
    """The bot's account and the server it is reached through; exactly one of `token` and `token_file` is set."""

    token: SecretStr | None = None
    token_file: Path | None = None
    api_url: str = "https://api.telegram.org"
    mode: Literal["polling", "webhook"] = "polling"
    webhook_url: str | None = None
    webhook_listen: str = "127.0.0.1:8443"

    @field_validator("token")
    @classmethod
    def _token_has_its_shape(cls, token: SecretStr | None) -> SecretStr | None:
        if token is None:
            return None
        plain = token.get_secret_value().strip()
        if not plain:
            raise _fault("is empty", _PASTE_IT)
        if not _TOKEN_SHAPE.fullmatch(plain):
            raise _fault("does not look like a bot's token", _PASTE_IT)
        return SecretStr(plain)

    @field_validator("api_url")
    @classmethod
    def _api_url_is_a_server(cls, url: str) -> str:
        parts = _split_http(url)
        if parts.query or parts.fragment or parts.username is not None:
            raise _fault("has more than a server and a path", "write only the server, like https://api.telegram.org")
        if parts.scheme == "http" and not _stays_private(parts.hostname or ""):
            raise _fault("would send the token unencrypted through the Internet", "write https:// instead of http://")
        return url.rstrip("/")

    @field_validator("webhook_url")
    @classmethod
    def _webhook_url_is_an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = _split_http(url)
        if parts.query or parts.fragment or parts.username is not None:
            raise _fault("has more than a server and a path", "write it like https://bot.example.org/telegram")
        if parts.scheme == "http" and not _stays_private(parts.hostname or ""):
            raise _fault("would carry readers' words unencrypted", "write https:// instead of http://")
        return url

    @field_validator("webhook_listen")
    @classmethod
    def _webhook_listen_is_an_address(cls, listen: str) -> str:
        try:
            parts = urlsplit(f"//{listen}")
            port = parts.port
        except ValueError:
            raise _fault("is not an address with a port", _LISTEN_LIKE) from None
        if not parts.hostname or not port or parts.path or parts.username is not None:
            raise _fault("is not an address with a port", _LISTEN_LIKE)
        return listen

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.token is not None and self.token_file is not None:
            raise _fault("has both token and token_file", "keep one of them")
        if self.token is None and self.token_file is None:
            raise _fault(
                "has no token", "set telegram.token, telegram.token_file or the environment variable TELEGRAM_BOT_TOKEN"
            )
        return self

    def read_token(self) -> str:
        """The token, from the file now if it is kept in one. Raises `SettingsError` when the file does not give it."""
        if self.token is not None:
            return self.token.get_secret_value()
        if self.token_file is None:  # the validator above lets no such section through
            raise SettingsError((Problem("telegram", "has no token", _PASTE_IT),))
        return _read_token_file(self.token_file)

    def read_webhook_secret(self) -> str:
        """What Telegram sends with each update, so that we know it is Telegram: 64 hexadecimal digits.

        Derived from the token, so that receivers on any number of machines agree without another secret to hand out.
        Raises `SettingsError` like `read_token`.
        """
        return hmac.new(self.read_token().encode(), _WEBHOOK_LABEL, hashlib.sha256).hexdigest()

    def listen_address(self) -> tuple[str, int]:
        """Host and port of `webhook_listen`."""
        parts = urlsplit(f"//{self.webhook_listen}")
        return parts.hostname or "", parts.port or 0


def _read_token_file(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        fault, fix = f"there is no file {path}", "correct the path, or write the token into that file"
    except UnicodeDecodeError:
        fault, fix = f"{path} is not a text file", _PASTE_IT
    except PermissionError:
        fault, fix = f"{path} may not be read by this user", f"let the bot's user read it: chmod u+r {path}, or chown"
    except OSError as error:
        fault, fix = f"{path} cannot be read: {error.strerror}", "point it to a file that holds the token"
    else:
        if _TOKEN_SHAPE.fullmatch(token):
            return token
        fault, fix = f"{path} {'does not hold a token' if token else 'is empty'}", _PASTE_IT
    raise SettingsError((Problem("telegram.token_file", fault, fix),))


class Desk(Section):
    """The private group where editors decide."""

    chat_id: int
    language: Language = "kk"

    @field_validator("chat_id")
    @classmethod
    def _is_a_group(cls, chat_id: int) -> int:
        if chat_id >= 0:
            raise _fault(
                f"{chat_id} is not a group",
                "use the id of the desk's group, which starts with a minus, like -1001234567890",
            )
        return chat_id


class Database(Section):
    """Where everything is kept. The address may hold a password, so it is read by asking, never by printing."""

    url: SecretStr = SecretStr("sqlite:///data/dauys.db")

    @field_validator("url")
    @classmethod
    def _is_a_known_database(cls, url: SecretStr) -> SecretStr:
        return SecretStr(_database_address(url.get_secret_value().strip()))

    def read_url(self) -> str:
        """The address with its password, as sqlite:///path or postgresql://…, never with a driver's name."""
        return self.url.get_secret_value()

    def safe_url(self) -> str:
        """The address as it may be shown: without its password."""
        return Redactor().redact(self.read_url())


def _database_address(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    plain_scheme = scheme.partition("+")[0]
    if not separator or plain_scheme not in ("sqlite", "postgresql", "postgres"):
        raise _fault(
            "is not an SQLite or PostgreSQL address", "write sqlite:///data/dauys.db or postgresql://user@host/name"
        )
    if "+" in scheme:
        raise _fault("names a driver", f"write {plain_scheme}:// alone; the driver is chosen for you")
    if plain_scheme == "sqlite":
        if not rest.startswith("/"):
            raise _fault("needs three slashes", "write sqlite:///data/dauys.db, or four slashes for an absolute path")
        if rest in ("/", "/:memory:"):
            raise _fault("would forget everything at every stop", "name a file, like sqlite:///data/dauys.db")
        return url
    try:
        parts = urlsplit(f"postgresql://{rest}")
        _ = parts.port
    except ValueError:
        raise _fault("is not an address", "write postgresql://user@host/name") from None
    if len(parts.path) <= 1:
        raise _fault("names no database", "write postgresql://user@host/name")
    return f"postgresql://{rest}"


class Source(Section):
    """A site whose articles readers get."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    kind: Literal["rss"] = "rss"
    url: WebAddress
    language: Literal["kk", "ru", "en", "auto"]
    poll_every_s: Annotated[int, Field(ge=1, le=86_400)] = 300

    @field_validator("kind", mode="before")
    @classmethod
    def _wordpress_comes_later(cls, kind: object) -> object:
        if kind == "wordpress":
            raise _fault(
                "WordPress sources come with a later version",
                'write "rss" with the feed\'s address, which ends in /feed/',
            )
        return kind


class HotlineNumber(Section):
    """A number that people can always find in the bot."""

    model_config = ConfigDict(coerce_numbers_to_str=True)  # everybody writes number = 110 at first

    number: str
    title: Localised
    note: Localised = Localised()

    @field_validator("number")
    @classmethod
    def _can_be_dialled(cls, number: str) -> str:
        if not re.fullmatch(r"\+?[0-9][0-9 ()-]{0,19}", number):
            raise _fault("cannot be dialled", 'write digits, like "110" or "+7 717 200 00 00"')
        return number


HOTLINE_110 = HotlineNumber(
    number="110",
    title=Localised(kk="Сенім телефоны", ru="Горячая линия", en="Hotline"),
    note=Localised(
        kk="Хабарласу үшін 110 нөмірін теріңіз.", ru="Чтобы позвонить, наберите 110.", en="To call, dial 110."
    ),
)


class Hotline(Section):
    """The numbers shown by the hotline's button, in this order."""

    numbers: Annotated[tuple[HotlineNumber, ...], Field(min_length=1)] = (HOTLINE_110,)


class Delivery(Section):
    """How fast articles go out, and what becomes of messages that were on their way when the process died."""

    broadcast_per_s: Annotated[int, Field(ge=1, le=1000)] = 25
    allow_paid_broadcast: bool = False
    after_crash: Literal["resend", "uncertain"] = "resend"

    @model_validator(mode="after")
    def _more_than_30_is_paid(self) -> Self:
        if self.broadcast_per_s > FREE_BROADCAST_PER_S and not self.allow_paid_broadcast:
            raise _fault(
                f"broadcast_per_s = {self.broadcast_per_s} is more than Telegram sends free of charge",
                f"write {FREE_BROADCAST_PER_S} or less, or set delivery.allow_paid_broadcast = true and pay in Stars",
            )
        return self


class Log(Section):
    """What the process says about itself, on stderr."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["auto", "json", "console"] = "auto"

    @field_validator("level", mode="before")
    @classmethod
    def _in_capitals(cls, level: object) -> object:
        known = ("DEBUG", "INFO", "WARNING", "ERROR")
        return level.upper() if isinstance(level, str) and level.upper() in known else level


class Settings(BaseSettings):
    """All settings. Made by `bot.settings.load_settings`, or by hand in tests; reads nothing by itself."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix="DAUYS_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
    )

    timezone: ZoneInfo = ZoneInfo("Asia/Almaty")
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = KNOWN_LANGUAGES
    newsroom: Newsroom = Newsroom()
    telegram: Telegram
    desk: Desk
    database: Database = Database()
    sources: tuple[Source, ...] = ()
    hotline: Hotline = Hotline()
    delivery: Delivery = Delivery()
    log: Log = Log()

    @property
    def default_language(self) -> Language:
        return self.languages[0]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given: where settings come from is decided where they are loaded, not by importing them."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @field_validator("languages")
    @classmethod
    def _each_language_once(cls, languages: tuple[Language, ...]) -> tuple[Language, ...]:
        if len(set(languages)) < len(languages):
            raise _fault("names a language twice", "name each language once; the first is the default")
        return languages

    @model_validator(mode="before")
    @classmethod
    def _the_desk_speaks_the_first_language(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        match data.get("languages"), data.get("desk"):
            case [str() as first, *_], dict() as desk if "language" not in desk:
                return {**data, "desk": {**desk, "language": first}}
        return data

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if found := tuple(_disagreements(self)):
            raise PydanticCustomError(DISAGREEMENT, "{first}", {"first": str(found[0]), "problems": found})
        return self


DISAGREEMENT = "dauys_disagreement"


def _disagreements(settings: Settings) -> Iterator[Problem]:
    """What is right by itself and wrong together, each with its own key."""
    spoken = ", ".join(settings.languages)
    if settings.desk.language not in settings.languages:
        yield Problem("desk.language", f'"{settings.desk.language}" is not among languages ({spoken})', f"use {spoken}")
    yield from _webhook_disagreements(settings.telegram)
    names: dict[str, int] = {}
    for place, source in enumerate(settings.sources):
        if source.language != "auto" and source.language not in settings.languages:
            fix = f'add "{source.language}" to languages, or use {spoken} or auto'
            yield Problem(f"sources[{place}].language", f'"{source.language}" is not among languages ({spoken})', fix)
        if (first := names.setdefault(source.name, place)) != place:
            fault = f'"{source.name}" is already the name of sources[{first}]'
            yield Problem(f"sources[{place}].name", fault, "give it another name")
    yield from _untranslated("newsroom.name", settings.newsroom.name, settings.languages)
    for place, number in enumerate(settings.hotline.numbers):
        yield from _untranslated(f"hotline.numbers[{place}].title", number.title, settings.languages)


def _webhook_disagreements(telegram: Telegram) -> Iterator[Problem]:
    key = "telegram.webhook_url"
    if telegram.webhook_url is None:
        if telegram.mode == "webhook":
            fix = 'add webhook_url = "https://…", an address that Telegram can reach, or write mode = "polling"'
            yield Problem(key, "is missing", fix)
        return
    if urlsplit(telegram.api_url).hostname != _TELEGRAMS_SERVER:
        return  # a Bot API server of one's own posts to any address and port
    parts = urlsplit(telegram.webhook_url)
    if parts.scheme != "https" or _stays_private(parts.hostname or ""):
        yield Problem(
            key, "cannot be reached by Telegram", "use a public https:// address, or polling, which needs none"
        )
    elif parts.port is not None and parts.port not in _WEBHOOK_PORTS:
        fix = "let the reverse proxy listen on 443, 80, 88 or 8443"
        yield Problem(key, f"has port {parts.port}, to which Telegram does not post", fix)


def _untranslated(key: str, text: Localised, languages: tuple[Language, ...]) -> Iterator[Problem]:
    for language in languages:
        if not text.model_dump()[language]:
            yield Problem(
                f"{key}.{language}", "is missing", f'add {language} = "…", or take "{language}" out of languages'
            )

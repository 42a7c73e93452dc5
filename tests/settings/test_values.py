"""The rules of single settings: tokens and their files, addresses, databases, numbers."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Database, Desk, HotlineNumber, Localised, SettingsError, Source, Telegram


@pytest.mark.parametrize(
    "url",
    [
        "https://api.telegram.org",
        "https://bots.example.org/api/",
        "http://127.0.0.1:8081",
        "http://localhost:8081/",
        "http://[::1]:8081",
        "http://10.0.0.5",
        "http://telegram-bot-api:8081",
        "http://api.internal",
    ],
)
def test_any_bot_api_server_within_reach_is_allowed(url: str) -> None:
    assert Telegram.model_validate({"token": "1:a", "api_url": url}).api_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.telegram.org",
        "http://8.8.8.8",
        "api.telegram.org",
        "ftp://x",
        "https://",
        "https://x:port",
        "https://user@x",
        "https://x/?a=1",
        "https://a b",
        "http://[::1",
        "",
    ],
)
def test_a_server_that_would_leak_or_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Telegram.model_validate({"token": "1:a", "api_url": url})


@pytest.mark.parametrize("tokens", [{}, {"token": "1:a", "token_file": "x"}])
def test_there_is_exactly_one_token(tokens: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="token"):
        Telegram.model_validate(tokens)


def test_the_token_is_read_from_its_file_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "token"
    telegram = Telegram(token_file=file)
    with pytest.raises(SettingsError, match="there is no file"):
        telegram.read_token()
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="is empty"):
        telegram.read_token()
    file.write_text("CANARY and more", encoding="utf-8")
    with pytest.raises(SettingsError, match="does not hold a token") as caught:
        telegram.read_token()
    assert "CANARY" not in str(caught.value)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not a text file"):
        telegram.read_token()
    file.write_text(" 42:secret_-A \n", encoding="utf-8")
    assert telegram.read_token() == "42:secret_-A"
    with pytest.raises(SettingsError, match="cannot be read"):
        Telegram(token_file=tmp_path).read_token()


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("sqlite:///data/dauys.db", "sqlite:///data/dauys.db"),
        ("sqlite:////var/lib/dauys.db", "sqlite:////var/lib/dauys.db"),
        ("postgresql://user@host/name", "postgresql://user@host/name"),
        ("postgres://user:p%40ss@host:5433/name", "postgresql://user:p%40ss@host:5433/name"),
        ("postgresql:///name?host=/run/postgresql", "postgresql:///name?host=/run/postgresql"),
    ],
)
def test_both_databases_are_named_without_a_driver(url: str, read: str) -> None:
    assert Database.model_validate({"url": url}).read_url() == read


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("mysql://u:CANARY@h/d", "sqlite:///data/dauys.db or postgresql://"),
        ("data/dauys.db", "sqlite:///data/dauys.db or postgresql://"),
        ("sqlite://dauys.db", "three slashes"),
        ("sqlite://", "three slashes"),
        ("sqlite:///", "forget everything"),
        ("sqlite:///:memory:", "forget everything"),
        ("postgresql+asyncpg://u:CANARY@h/d", "names a driver"),
        ("sqlite+aiosqlite:///x.db", "names a driver"),
        ("postgresql://u:CANARY@h", "names no database"),
        ("postgresql://u:CANARY@h:x/d", "is not an address"),
    ],
)
def test_another_database_is_refused_without_showing_its_password(url: str, fix: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Database.model_validate({"url": url})
    (details,) = caught.value.errors()
    assert fix in details["msg"] + str(details["ctx"]["fix"])
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("chat_id", [0, 5, 1001234567890])
def test_the_desk_is_a_group(chat_id: int) -> None:
    with pytest.raises(ValidationError, match="is not a group"):
        Desk(chat_id=chat_id)


def test_a_source_is_polled_at_most_once_a_second_and_at_least_daily() -> None:
    for seconds in (1, 86_400):
        assert Source(name="a", url="http://x/f", language="kk", poll_every_s=seconds).poll_every_s == seconds
    for seconds in (0, 86_401):
        with pytest.raises(ValidationError):
            Source(name="a", url="http://x/f", language="kk", poll_every_s=seconds)


@pytest.mark.parametrize("name", ["", "  ", "a" * 65])
def test_a_source_has_a_name_of_1_to_64_characters(name: str) -> None:
    with pytest.raises(ValidationError):
        Source(name=name, url="http://x/f", language="kk")


@pytest.mark.parametrize("number", ["", "call us", "+", "1" * 21, "tel:110"])
def test_a_hotline_number_can_be_dialled(number: str) -> None:
    assert HotlineNumber(number="+7 (717) 200-00-00", title=Localised(en="x")).number == "+7 (717) 200-00-00"
    with pytest.raises(ValidationError, match="cannot be dialled"):
        HotlineNumber(number=number, title=Localised(en="x"))


def test_a_text_that_lacks_a_language_is_said_in_another() -> None:
    text = Localised(ru="Да", en="Yes")
    assert text.in_language("en") == "Yes"
    assert text.in_language("kk") == "Да"
    assert text.in_language("fr") == "Да"


def test_settings_do_not_change_after_they_were_read() -> None:
    desk = Desk(chat_id=-1)
    with pytest.raises(ValidationError):
        setattr(desk, "chat_id", -2)  # noqa: B010 - the plain assignment is what mypy refuses already


@pytest.mark.parametrize(
    "url", ["https://bot.example.org/telegram", "https://bot.example.org:8443/", "http://10.0.0.5:9000/hook"]
)
def test_telegram_posts_to_any_whole_address(url: str) -> None:
    assert Telegram.model_validate({"token": "1:a", "webhook_url": url}).webhook_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://bot.example.org/telegram",
        "bot.example.org",
        "https://u:p@bot.example.org/",
        "https://bot.example.org/?a=1",
        "https://bot.example.org/#a",
        "https://bot.example.org:port/",
        "",
    ],
)
def test_an_address_that_would_leak_or_cannot_be_posted_to_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Telegram.model_validate({"token": "1:a", "webhook_url": url})


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:8443", ("127.0.0.1", 8443)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),  # noqa: S104 - read, not bound
        ("[::1]:8443", ("::1", 8443)),
        ("dauys:8443", ("dauys", 8443)),
    ],
)
def test_the_receiver_listens_at_an_address_and_a_port(listen: str, address: tuple[str, int]) -> None:
    assert Telegram.model_validate({"token": "1:a", "webhook_listen": listen}).listen_address() == address


@pytest.mark.parametrize(
    "listen", ["8443", "127.0.0.1", "127.0.0.1:", ":8443", "::1:8443", "127.0.0.1:0", "h:99999", "https://h:1", "h:1/x"]
)
def test_a_place_to_listen_without_host_or_port_is_refused(listen: str) -> None:
    with pytest.raises(ValidationError, match="address with a port"):
        Telegram.model_validate({"token": "1:a", "webhook_listen": listen})


def test_each_token_has_a_webhook_secret_that_telegram_takes_and_that_does_not_show_the_token() -> None:
    first, same, other = (Telegram.model_validate({"token": token}) for token in ("1:CANARY", "1:CANARY", "2:CANARY"))
    assert first.read_webhook_secret() == same.read_webhook_secret() != other.read_webhook_secret()
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,256}", first.read_webhook_secret())
    assert "CANARY" not in first.read_webhook_secret()

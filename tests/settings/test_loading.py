"""Where settings come from, which place wins, and what a broken one is told."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import Settings, SettingsError, load_settings

CANARY = "1234567890:CANARYcanaryCANARYcanaryCANARYcanary"
ENOUGH = {"TELEGRAM_BOT_TOKEN": "110:sandbox", "DAUYS_DESK__CHAT_ID": "-5"}
GOOD = """
[telegram]
token = "110:sandbox"
[desk]
chat_id = -5
"""


def load(
    folder: Path, toml: str | None = None, environ: Mapping[str, str] | None = None, **secret_files: str
) -> Settings:
    """Settings from a config file, an environment and secret files that hold just this."""
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    for name, content in secret_files.items():
        (secrets / name).write_text(content, encoding="utf-8")
    config = folder / "config.toml"
    config.write_text(toml or "", encoding="utf-8")
    return load_settings(config, environ or {}, secrets_directory=secrets)


def complaints(
    folder: Path, toml: str | None = None, environ: Mapping[str, str] | None = None, **secret_files: str
) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(folder, toml, environ, **secret_files)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_a_short_config_is_enough(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    assert settings.telegram.read_token() == "110:sandbox"
    assert settings.desk.chat_id == -5
    assert settings.timezone.key == "Asia/Almaty"
    assert settings.default_language == "kk"
    assert settings.hotline.numbers[0].number == "110"


def test_the_environment_alone_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(None, ENOUGH, secrets_directory=tmp_path).desk.chat_id == -5


def test_the_process_environment_is_not_read_behind_the_callers_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAUYS_DESK__CHAT_ID", "-77")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", CANARY)
    assert load(tmp_path, GOOD).desk.chat_id == -5
    assert load(tmp_path, GOOD).telegram.read_token() == "110:sandbox"


def test_a_config_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: there is no such file\. Fix: copy config\.example\.toml"):
        load_settings(tmp_path / "nowhere.toml", ENOUGH, secrets_directory=tmp_path)


def test_secret_files_win_over_the_config_and_the_environment_over_both(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD, dauys_desk__chat_id="-6\n").desk.chat_id == -6
    assert load(tmp_path, GOOD, {"DAUYS_DESK__CHAT_ID": "-7"}, dauys_desk__chat_id="-6").desk.chat_id == -7


def test_systemd_credentials_are_read(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "telegram_token").write_text("42:credential\n", encoding="utf-8")
    environ = {"CREDENTIALS_DIRECTORY": str(credentials), "DAUYS_DESK__CHAT_ID": "-5"}
    assert load(tmp_path, "", environ).telegram.read_token() == "42:credential"


def test_a_foreign_secret_is_not_opened(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "somebody_elses_key").write_bytes(b"\xff\xfe")
    assert load(tmp_path, GOOD).desk.chat_id == -5


@pytest.mark.parametrize("name", ["TELEGRAM_BOT_TOKEN", "DAUYS_TELEGRAM__TOKEN", "dauys_telegram__token"])
def test_the_token_may_come_by_the_names_everybody_tries(tmp_path: Path, name: str) -> None:
    assert load(tmp_path, GOOD, {name: "42:other"}).telegram.read_token() == "42:other"


def test_our_own_name_wins_over_an_alias(tmp_path: Path) -> None:
    both = {"TELEGRAM_BOT_TOKEN": "1:alias", "DAUYS_TELEGRAM__TOKEN": "2:own"}
    assert load(tmp_path, GOOD, both).telegram.read_token() == "2:own"
    both = {"DATABASE_URL": "sqlite:///alias.db", "DAUYS_DATABASE__URL": "sqlite:///own.db"}
    assert load(tmp_path, GOOD, both).database.read_url() == "sqlite:///own.db"


def test_an_alias_does_not_stand_beside_our_own_token_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("3:file\n", encoding="utf-8")
    environ = {"TELEGRAM_BOT_TOKEN": "1:alias", "DAUYS_TELEGRAM__TOKEN_FILE": str(file)}
    assert load(tmp_path, GOOD, environ).telegram.read_token() == "3:file"


def test_a_token_from_the_environment_replaces_the_token_file_of_the_config(tmp_path: Path) -> None:
    toml = GOOD.replace('token = "110:sandbox"', 'token_file = "/nowhere"')
    assert load(tmp_path, toml, {"TELEGRAM_BOT_TOKEN": "1:new"}).telegram.read_token() == "1:new"


def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    environ = {"TELEGRAM_BOT_TOKEN": "", "DAUYS_DESK__CHAT_ID": "", "DATABASE_URL": ""}
    assert load(tmp_path, GOOD, environ) == load(tmp_path, GOOD)


def test_lists_come_as_json_from_the_environment(tmp_path: Path) -> None:
    feed = {"name": "Новости", "url": "http://127.0.0.1:8080/feed/", "language": "ru"}
    environ = {"DAUYS_LANGUAGES": '["ru", "kk"]', "DAUYS_SOURCES": json.dumps([feed])}
    settings = load(tmp_path, GOOD, environ)
    assert settings.languages == ("ru", "kk")
    assert settings.sources[0].name == "Новости"
    assert settings.desk.language == "ru"  # the first language, because nobody chose one


def test_the_test_suites_own_variables_are_not_settings(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD, {"DAUYS_TEST_PG": "postgresql://x"}) == load(tmp_path, GOOD)


def test_a_config_saved_by_windows_is_read(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_settings(config, {}, secrets_directory=tmp_path).desk.chat_id == -5


def test_every_problem_is_told_at_once_with_its_place_and_its_fix(tmp_path: Path) -> None:
    toml = """
timezone = "Asia/Almatty"
languages = ["kk", "kz"]
lenguages = []
[telegram]
tokn = "1:a"
mode = "webhok"
api_url = "http://api.telegram.org"
token = "not one"
[[sources]]
name = "a"
kind = "wordpress"
url = "example.org/feed"
language = "kz"
poll_every_s = 0
[[sources]]
[delivery]
broadcast_per_s = "fast"
after_crash = "resent"
"""
    assert complaints(tmp_path, toml, {"DAUYS_LOG__LEVEL": "loud", "DAUYS_HOTLIN__X": "1"}) == [
        "environment variable DAUYS_HOTLIN__X: is not a setting. Fix: write hotline.",
        (
            'config.toml: timezone: "Asia/Almatty" is not a time zone. Fix: use a name of the tz database, '
            'like "Asia/Almaty".'
        ),
        'config.toml: languages[1]: "kz" is not one of kk, ru, en. Fix: use "kk" for Kazakh.',
        (
            "config.toml: telegram.token: does not look like a bot's token. Fix: paste the whole token that "
            "@BotFather gave you, like 123456:ABC…."
        ),
        (
            "config.toml: telegram.api_url: would send the token unencrypted through the Internet. Fix: write https:// "
            "instead of http://."
        ),
        'config.toml: telegram.mode: "webhok" is not one of polling, webhook. Fix: use "webhook".',
        "config.toml: telegram.tokn: is not a setting. Fix: write token.",
        "config.toml: desk: is missing. Fix: add [desk] with chat_id = -100…, the id of the desk's group.",
        (
            'config.toml: sources[0].kind: WordPress sources come with a later version. Fix: write "rss" with the '
            "feed's address, which ends in /feed/."
        ),
        "config.toml: sources[0].url: is not a web address. Fix: write it whole, like https://example.org/feed/.",
        'config.toml: sources[0].language: "kz" is not one of kk, ru, en, auto. Fix: use "kk" for Kazakh.',
        "config.toml: sources[0].poll_every_s: 0 is below 1. Fix: use 1 or more.",
        "config.toml: sources[1].name: is missing. Fix: add name = ….",
        "config.toml: sources[1].url: is missing. Fix: add url = ….",
        'config.toml: sources[1].language: is missing. Fix: add language = "kk", "ru", "en" or "auto" to this source.',
        'config.toml: delivery.broadcast_per_s: "fast" is not a whole number. Fix: write a whole number.',
        'config.toml: delivery.after_crash: "resent" is not one of resend, uncertain. Fix: use "resend".',
        (
            'environment variable DAUYS_LOG__LEVEL: log.level: "loud" is not one of DEBUG, INFO, WARNING, ERROR. '
            "Fix: use DEBUG or INFO or WARNING or ERROR."
        ),
        "config.toml: lenguages: is not a setting. Fix: write languages.",
    ]


def test_a_mistyped_variable_gets_the_right_name(tmp_path: Path) -> None:
    assert complaints(tmp_path, GOOD, {"DAUYS_TELEGRAM__TOKN": CANARY}) == [
        "environment variable DAUYS_TELEGRAM__TOKN: telegram.tokn: is not a setting. Fix: write token."
    ]


def test_a_mistyped_secret_file_is_told_by_its_path(tmp_path: Path) -> None:
    assert complaints(tmp_path, GOOD, dauys_telegrm__token=CANARY) == [
        "secret file secrets/dauys_telegrm__token: is not a setting. Fix: write telegram."
    ]


def test_settings_that_disagree_name_each_key(tmp_path: Path) -> None:
    toml = f"""
languages = ["ru"]
{GOOD}
language = "kk"
[[sources]]
name = "a"
url = "http://x/f"
language = "kk"
[[sources]]
name = "a"
url = "http://x/g"
language = "auto"
[[hotline.numbers]]
number = 111
title = {{ kk = "Көмек" }}
"""
    assert complaints(tmp_path, toml) == [
        'config.toml: desk.language: "kk" is not among languages (ru). Fix: use ru.',
        (
            'config.toml: sources[0].language: "kk" is not among languages (ru). Fix: add "kk" to languages, or use ru '
            "or auto."
        ),
        'config.toml: sources[1].name: "a" is already the name of sources[0]. Fix: give it another name.',
        'config.toml: hotline.numbers[0].title.ru: is missing. Fix: add ru = "…", or take "ru" out of languages.',
    ]


def test_a_syntax_error_names_its_line_and_nothing_else_is_complained_of(tmp_path: Path) -> None:
    (line,) = complaints(tmp_path, "[telegram]\ntoken = 110:sandbox\n")
    assert line.startswith("config.toml: is not TOML: ")
    assert "line 2" in line


def test_a_config_in_another_encoding_says_so(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_bytes('[newsroom]\nname = { kk = "Дауыс" }'.encode("cp1251"))
    with pytest.raises(SettingsError, match="is not UTF-8"):
        load_settings(config, {}, secrets_directory=tmp_path)


@pytest.mark.parametrize("toml", ["telegram = 5", "desk = []", "sources = {}", 'languages = "kk"', "log = true"])
def test_a_wrong_kind_of_value_is_a_sentence_too(tmp_path: Path, toml: str) -> None:
    assert all(". Fix: " in line for line in complaints(tmp_path, toml))


@pytest.mark.parametrize(
    ("toml", "environ"),
    [
        (f'[telegram]\ntoken = "{CANARY}"', {}),
        (f'[telegram]\ntoken = "{CANARY} "\ntoken_file = "x"\n[desk]\nchat_id = -5', {}),
        (f'[telegram]\ntoken = "no{CANARY}"', {}),
        (f'[telegram]\ntokn = "{CANARY}"', {}),
        (f'[telegram]\napi_url = "https://api.telegram.org/bot{CANARY}/?x"', {}),
        (f'timezone = "{CANARY}"', {}),
        (f'[telegram]\ntoken = ["{CANARY}"]', {}),
        (f'telegram = "{CANARY}"', {}),
        (f'[database]\nurl = "mysql://u:{CANARY}@h/d"', {}),
        (f"[telegram]\ntoken = {CANARY}", {}),
        ("", {"TELEGRAM_BOT_TOKEN": f"bot{CANARY}"}),
        ("", {"DAUYS_TELEGRAM": f'{{"token": "{CANARY}"'}),
        ("", {"DAUYS_SOURCES": CANARY, "DATABASE_URL": f"postgres://u:{CANARY}@h"}),
        (f'log = "{CANARY}"', {"TELEGRAM_BOT_TOKEN": CANARY}),
    ],
)
def test_no_sentence_about_the_settings_holds_a_token_or_a_password(
    tmp_path: Path, toml: str, environ: dict[str, str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, toml, environ)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert "canary" not in f"{error} {error!r} {error.problems!r}".lower()


def test_a_short_token_in_the_wrong_place_is_hidden_too(tmp_path: Path) -> None:
    said = complaints(tmp_path, '[telegram]\ntoken = "110:sandbox"\n[log]\nlevel = "110:sandbox"')
    assert "sandbox" not in "".join(said).lower()


def test_what_was_loaded_does_not_show_its_secrets(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD, {"TELEGRAM_BOT_TOKEN": CANARY, "DATABASE_URL": f"postgres://u:{CANARY}@host/name"})
    shown = f"{settings} {settings!r} {settings.telegram!r} {settings.database} {settings.database.safe_url()}"
    assert "canary" not in (shown + settings.model_dump_json()).lower()
    assert settings.database.read_url() == f"postgresql://u:{CANARY}@host/name"
    assert settings.database.safe_url() == "postgresql://u:[hidden]@host/name"


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.text(max_size=5) | st.integers() | st.none() | st.booleans(),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
            max_leaves=4,
        ),
        max_size=4,
    )
)
def test_any_json_in_a_variable_gives_settings_or_a_settings_error(value: dict[str, object]) -> None:
    for section in ("TELEGRAM", "SOURCES", "HOTLINE", "NEWSROOM"):
        environ = ENOUGH | {f"DAUYS_{section}": json.dumps(value)}
        with contextlib.suppress(SettingsError):
            load_settings(None, environ, secrets_directory=Path("/nonexistent"))


def test_webhooks_need_an_address_that_telegram_can_reach(tmp_path: Path) -> None:
    webhook = GOOD.replace("[telegram]", '[telegram]\nmode = "webhook"', 1)
    assert complaints(tmp_path, webhook) == [
        (
            'config.toml: telegram.webhook_url: is missing. Fix: add webhook_url = "https://…", an address that '
            'Telegram can reach, or write mode = "polling".'
        )
    ]

    def with_url(url: str, server: str = "https://api.telegram.org") -> str:
        keys = f'mode = "webhook"\nwebhook_url = "{url}"\napi_url = "{server}"'
        return GOOD.replace("[telegram]", f"[telegram]\n{keys}", 1)

    for private in ("http://10.0.0.5/hook", "https://127.0.0.1/hook", "https://bot.local/"):
        assert "cannot be reached by Telegram" in complaints(tmp_path, with_url(private))[0]
        assert load(tmp_path, with_url(private, "http://127.0.0.1:8081")).telegram.webhook_url == private
    assert "port 9000" in complaints(tmp_path, with_url("https://bot.example.org:9000/hook"))[0]
    assert load(tmp_path, with_url("https://bot.example.org:8443/hook")).telegram.mode == "webhook"

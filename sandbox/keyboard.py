"""Inline keyboards: what a button may be, and the words in which Telegram refuses the rest."""

import re

from sandbox.arguments import Json, as_object
from sandbox.errors import bad_request
from sandbox.text import utf16_length

MAX_BUTTONS = 100
MAX_IN_ROW = 8
MAX_DATA_BYTES = 64
MAX_COPY = 256

_ACTIONS = frozenset(
    {
        "url",
        "callback_data",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
    }
)
_LOOKS = {"text", "style", "icon_custom_emoji_id"}


def inline_keyboard(markup: Json | None) -> Json | None:
    """The inline keyboard a message keeps, None for other or empty markups. Raises RefusalError."""
    if markup is None or "inline_keyboard" not in markup:
        return None
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list):
        raise bad_request("object expected as reply markup")
    kept = [[_checked(as_object(button)) for button in row] for row in rows if row]
    if sum(len(row) for row in kept) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    if any(len(row) > MAX_IN_ROW for row in kept):
        raise bad_request(f"more than {MAX_IN_ROW} buttons in a row of the inline keyboard")
    return {"inline_keyboard": kept} if kept else None


def callback_data_of(markup: Json | None) -> set[str]:
    """Everything a press on this keyboard can send."""
    rows = (markup or {}).get("inline_keyboard")
    if not isinstance(rows, list):
        return set()
    return {str(button["callback_data"]) for row in rows for button in row if "callback_data" in button}


def _checked(button: Json) -> Json:
    actions = _ACTIONS & button.keys()
    if not str(button["text"]).strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if not actions:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad_request(f"an inline keyboard button with more than one action: {', '.join(sorted(actions))}")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= MAX_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button:
        _check_url(str(button["url"]))
    if "copy_text" in button:
        _check_copy(as_object(button["copy_text"]))
    return {name: value for name, value in button.items() if name in _LOOKS | actions}


def _check_copy(copied: Json) -> None:
    if not 1 <= utf16_length(str(copied["text"])) <= MAX_COPY:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")


def _check_url(url: str) -> None:
    """After TDLib's LinkManager: `tel:110` is read as a host named "tel" with a port."""
    fault = _fault_of(url.strip())
    if fault is not None:
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: {fault}")


def _fault_of(url: str) -> str | None:
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    if scheme is not None and scheme[1].lower() in {"tg", "ton", "tonsite"}:
        return None
    if scheme is not None and scheme[1].lower() not in {"http", "https"}:
        return "Unsupported URL protocol"
    authority = re.split(r"[/?#]", url[scheme.end() :] if scheme else url, maxsplit=1)[0].rpartition("@")[2]
    host, colon, port = authority.partition(":") if not authority.startswith("[") else (authority, "", "")
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port) <= 65535):  # noqa: PLR2004 - the last port
        return "Wrong port number specified in the URL"
    if "." not in host.strip(".") and not host.startswith("["):
        return "Wrong HTTP URL"
    return "Wrong HTTP URL" if re.search(r"\s", authority) else None

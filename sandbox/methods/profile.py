"""How the bot presents itself: name, descriptions, commands, menu buttons."""

import json
import re

from sandbox.arguments import Arguments, Json, as_object
from sandbox.errors import bad_request
from sandbox.methods.access import known_chat
from sandbox.text import utf16_length
from sandbox.world import World

MAX_NAME = 64
MAX_DESCRIPTION = 512
MAX_SHORT_DESCRIPTION = 120
MAX_COMMANDS = 100
MAX_COMMAND_DESCRIPTION = 256
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"([a-z]{2})?")
_DEFAULT_SCOPE: Json = {"type": "default"}


def get_me(world: World, _call: Arguments) -> Json:
    told = {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }
    return {**world.bot_user(), **told}


def set_my_name(world: World, call: Arguments) -> bool:
    return _set(world, call, "names", "name", limit=MAX_NAME)


def get_my_name(world: World, call: Arguments) -> Json:
    return {"name": _get(world, call, "names") or world.bot["first_name"]}


def set_my_description(world: World, call: Arguments) -> bool:
    return _set(world, call, "descriptions", "description", limit=MAX_DESCRIPTION)


def get_my_description(world: World, call: Arguments) -> Json:
    return {"description": _get(world, call, "descriptions")}


def set_my_short_description(world: World, call: Arguments) -> bool:
    return _set(world, call, "short_descriptions", "short_description", limit=MAX_SHORT_DESCRIPTION)


def get_my_short_description(world: World, call: Arguments) -> Json:
    return {"short_description": _get(world, call, "short_descriptions")}


def _set(world: World, call: Arguments, shelf: str, name: str, *, limit: int) -> bool:
    words = call.text(name)
    if utf16_length(words) > limit:
        raise bad_request(f"bot {name.replace('_', ' ')} is too long")
    by_language = as_object(world.bot[shelf])
    language = _language(call)
    kept = {**by_language, language: words}
    world.bot[shelf] = kept if words else {code: text for code, text in by_language.items() if code != language}
    world.emit("profile", bot=world.bot)
    return True


def _get(world: World, call: Arguments, shelf: str) -> str:
    """Without words in a language Telegram shows the ones for all others."""
    by_language = as_object(world.bot[shelf])
    return str(by_language.get(_language(call)) or by_language.get("") or "")


def _language(call: Arguments) -> str:
    language = call.text("language_code")
    if not _LANGUAGE.fullmatch(language):
        raise bad_request("invalid language code specified")
    return language


def set_my_commands(world: World, call: Arguments) -> bool:
    scope, language = _scope(world, call), _language(call)
    commands = [_checked_command(command) for command in call.objects("commands")]
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    told: Json = {"scope": scope, "language_code": language, "commands": commands}
    world.commands[_key(scope), language] = told
    world.emit("commands", **told)
    return True


def get_my_commands(world: World, call: Arguments) -> object:
    told = world.commands.get((_key(_scope(world, call)), _language(call)))
    return [] if told is None else told["commands"]


def delete_my_commands(world: World, call: Arguments) -> bool:
    scope, language = _scope(world, call), _language(call)
    world.commands.pop((_key(scope), language), None)
    world.emit("commands", scope=scope, language_code=language, commands=[])
    return True


def _scope(world: World, call: Arguments) -> Json:
    scope = call.maybe_object("scope") or _DEFAULT_SCOPE
    if "chat_id" in scope:
        known_chat(world, Arguments(scope))
    return scope


def _key(scope: Json) -> str:
    return json.dumps(scope, sort_keys=True)


def _checked_command(command: Json) -> Json:
    name = str(command["command"]).removeprefix("/")
    description = str(command["description"]).strip()
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= utf16_length(description) <= MAX_COMMAND_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {**command, "command": name, "description": description}


def set_chat_menu_button(world: World, call: Arguments) -> bool:
    chat_id = _private_chat(world, call)
    world.menu_buttons[chat_id] = call.maybe_object("menu_button") or {"type": "default"}
    return True


def get_chat_menu_button(world: World, call: Arguments) -> Json:
    chat_id = _private_chat(world, call)
    return world.menu_buttons.get(chat_id) or world.menu_buttons.get(None) or {"type": "commands"}


def _private_chat(world: World, call: Arguments) -> int | None:
    if "chat_id" not in call:
        return None
    chat = known_chat(world, call)
    if chat.kind != "private":
        raise bad_request("chat is not a private chat")
    return chat.chat_id

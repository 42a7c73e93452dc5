"""getChat, getChatMember and the like, leaveChat: what the bot learns of chats and how it goes."""

from sandbox.arguments import Arguments, Json
from sandbox.errors import bad_request
from sandbox.methods.access import known_chat
from sandbox.world import ALL_RIGHTS, BotStatus, Chat, World


def get_chat(world: World, call: Arguments) -> Json:
    chat = known_chat(world, call)
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    full: Json = {
        **world.chat_face(chat),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }
    if chat.pinned and chat.pinned[-1] in chat.messages:
        full["pinned_message"] = chat.messages[chat.pinned[-1]].json
    if chat.kind == "private":
        return full
    talk = ("messages", "audios", "documents", "photos", "videos", "video_notes", "voice_notes", "polls")
    may = {f"can_send_{name}": True for name in talk} | {"can_send_other_messages": True}
    may |= dict.fromkeys(("can_add_web_page_previews", "can_invite_users"), True)
    may |= dict.fromkeys(("can_change_info", "can_pin_messages", "can_manage_topics"), False)
    return {**full, "permissions": may}


def get_chat_member(world: World, call: Arguments) -> Json:
    chat = known_chat(world, call)
    user_id = call.integer("user_id")
    if user_id == world.bot_id:
        return bot_member(world, chat)
    if user_id not in world.people:
        raise bad_request("user not found")
    user = world.user(user_id)
    if user_id not in chat.members:
        return {"status": "left", "user": user}
    if chat.kind != "private" and chat.members[0] == user_id:
        return {"status": "creator", "user": user, "is_anonymous": False}
    return {"status": "member", "user": user}


def bot_member(world: World, chat: Chat) -> Json:
    """The Bot API's ChatMember of the bot itself."""
    return member_as(world, chat.bot_status, chat.bot_rights)


def member_as(world: World, status: BotStatus, rights: frozenset[str] = ALL_RIGHTS) -> Json:
    face: Json = {"status": status, "user": world.bot_user()}
    if status == "kicked":
        face["until_date"] = 0
    if status == "administrator":
        face |= {"can_be_edited": False, "is_anonymous": False}
        face |= {right: right in rights for right in sorted(ALL_RIGHTS)}
    return face


def get_chat_administrators(world: World, call: Arguments) -> list[Json]:
    chat = known_chat(world, call)
    if chat.kind == "private":
        raise bad_request("there are no administrators in the private chat")
    owners: list[Json] = [
        {"status": "creator", "user": world.user(user_id), "is_anonymous": False} for user_id in chat.members[:1]
    ]
    return [*owners, bot_member(world, chat)] if chat.bot_status == "administrator" else owners


def get_chat_member_count(world: World, call: Arguments) -> int:
    return len(known_chat(world, call).members) + 1


def leave_chat(world: World, call: Arguments) -> bool:
    chat = known_chat(world, call)
    if chat.kind == "private":
        raise bad_request("chat member status can't be changed in private chats")
    change_bot_status(world, chat, by=world.bot_id, to="left")
    return True


def change_bot_status(
    world: World, chat: Chat, *, by: int, to: BotStatus, rights: frozenset[str] = frozenset()
) -> None:
    """The bot comes, goes or is promoted: my_chat_member tells it."""
    before = bot_member(world, chat)
    chat.bot_status, chat.bot_rights = to, rights
    world.updates.push(
        "my_chat_member",
        {
            "chat": world.chat_face(chat),
            "from": world.user(by),
            "date": int(world.clock()),
            "old_chat_member": before,
            "new_chat_member": bot_member(world, chat),
        },
    )
    world.emit("chat", chat=world.chat_json(chat))

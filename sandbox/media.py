"""What people send besides text: one small specimen of each kind, shaped as the Bot API shows it."""

from collections.abc import Callable
from typing import Literal, get_args

from sandbox.arguments import Json
from sandbox.methods.sending import photo_sizes
from sandbox.world import World

MediaKind = Literal[
    "photo",
    "voice",
    "sticker",
    "video",
    "document",
    "audio",
    "animation",
    "video_note",
    "location",
    "contact",
    "poll",
    "dice",
    "album",
    "venue",
    "story",
]
KINDS: tuple[MediaKind, ...] = get_args(MediaKind)
WITH_CAPTION = frozenset({"photo", "voice", "video", "document", "audio", "animation", "album"})

_FILES: dict[str, Json] = {
    "voice": {"duration": 4, "mime_type": "audio/ogg", "file_size": 16_000},
    "video": {"duration": 9, "width": 1280, "height": 720, "mime_type": "video/mp4", "file_size": 900_000},
    "document": {"file_name": "qujat.pdf", "mime_type": "application/pdf", "file_size": 48_000},
    "audio": {"duration": 120, "title": "Audio", "mime_type": "audio/mpeg", "file_size": 2_000_000},
    "animation": {"duration": 3, "width": 480, "height": 270, "mime_type": "video/mp4", "file_size": 200_000},
    "video_note": {"duration": 6, "length": 384, "file_size": 400_000},
    "sticker": {
        "type": "regular",
        "width": 512,
        "height": 512,
        "is_animated": False,
        "is_video": False,
        "emoji": "👍",
        "file_size": 20_000,
    },
}
_PLACE: Json = {"latitude": 51.1282, "longitude": 71.4304}


def contents(world: World, kind: MediaKind, *, sender_id: int) -> list[Json]:
    """The contents of the messages that sending this makes: one, or several for an album. Raises ValueError."""
    if kind == "album":
        album = str(world.serial())
        return [{**_photo(world), "media_group_id": album} for _ in range(2)]
    if kind in _FILES:
        file = _file(world, kind)
        # An animation is shown as a document too, for old clients.
        return [{"animation": file, "document": file} if kind == "animation" else {kind: file}]
    specimens: dict[str, Callable[[], Json]] = {
        "photo": lambda: _photo(world),
        "location": lambda: {"location": _PLACE},
        "venue": lambda: {"venue": {"location": _PLACE, "title": "Venue", "address": "Address 1"}, "location": _PLACE},
        "contact": lambda: {"contact": {"phone_number": "+77000000000", "first_name": "Contact", "user_id": sender_id}},
        "dice": lambda: {"dice": {"emoji": "🎲", "value": 4}},
        "poll": lambda: {"poll": _poll(world)},
        "story": lambda: {"story": {"chat": world.chat_face(world.chat(sender_id)), "id": world.serial()}},
    }
    if kind not in specimens:
        raise ValueError(f"nobody can send a {kind}")
    return [specimens[kind]()]


def _photo(world: World) -> Json:
    return {"photo": photo_sizes(world, f"photo-{world.serial()}")}


def _file(world: World, kind: str) -> Json:
    serial = world.serial()
    world.file_ids.add(f"{kind}-{serial}")
    return {"file_id": f"{kind}-{serial}", "file_unique_id": f"unique-{kind}-{serial}", **_FILES[kind]}


def _poll(world: World) -> Json:
    options: list[Json] = [{"persistent_id": text, "text": text, "voter_count": 0} for text in ("Yes", "No")]
    return {
        "id": str(world.serial()),
        "question": "A poll",
        "options": options,
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    }

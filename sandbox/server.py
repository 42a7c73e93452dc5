"""The stand-in over HTTP: the Bot API for bots, and a control API by which pages and tests play the people.

Loopback only. What Telegram knows and decides lives in `sandbox.telegram`; here bodies are decoded and encoded.

Bot API: `GET|POST /bot{token}/{method}`, parameters as JSON, urlencoded, multipart or in the query string; the answer
is the Bot API's own envelope, `{"ok": true, "result": …}` or
`{"ok": false, "error_code", "description", "parameters"?}`.

Control API: JSON in, JSON out, the names and arguments of `Telegram`'s methods. A bad call gets 400 `{"error": "…"}`;
a Host other than 127.0.0.1, localhost or [::1], or a foreign Origin, gets 403 `{"error": "…"}`. `?` marks what may be
left out. MESSAGE is the Bot API's Message plus `chat_id`; USER and CHAT are the Bot API's User and Chat;
PERSON is a USER plus `started`, `blocked` (they blocked the bot) and `deactivated`.

    GET  /sandbox/state
                     {"seq", "bot": USER + {"token", "names", "descriptions", "short_descriptions": {lang: text}},
                      "people": [PERSON],
                      "chats": [CHAT + {"members": [user_id], "bot_status": "administrator" | "member" | "left" |
                                        "kicked", "migrated_to": id | null, "pinned": [message_id],
                                        "topics": [{"message_thread_id", "name", "is_closed"}],
                                        "messages": [MESSAGE, oldest first, deleted ones left out]}],
                      "commands": [{"scope": {…BotCommandScope}, "language_code", "commands": [{command,
                                    description}]}]}
                     private chats stand in `chats` with the person's id, from the first message or start on.
                     `seq` is the last event the state contains: continue with /sandbox/events?after=seq.
    GET  /sandbox/events?after=SEQ
                     server-sent events, `id:` is the seq, `data:` one JSON object {"seq", "type", …}:
                     message          {"message": MESSAGE}       a new message, of the bot or a person
                     edited           {"message": MESSAGE}       its new form (also when only its buttons changed)
                     deleted          {"chat_id", "message_ids"}
                     callback_answer  {"query_id", "user_id", "chat_id", "message_id", "text": str | null,
                                       "show_alert": bool, "url": str | null}
                     commands         {"scope", "language_code", "commands"}
                     profile          {"bot": as in state}
                     chat             {"chat": as in state without "messages"}   new or changed
                     person           {"person": PERSON}                         new or changed
                     reaction         {"chat_id", "message_id", "reaction": [ReactionType]}
                     action           {"chat_id", "thread_id": int | null, "action": "typing" | …}
                     Without `after`, or a Last-Event-ID header, only what happens from now on.
    POST /sandbox/people     {"first_name", "last_name"?, "username"?, "language_code"? = "kk", "user_id"?}
                     -> {"person": PERSON}
    POST /sandbox/groups     {"title", "members": [user_id], "forum"? = false, "supergroup"? = true,
                      "bot_is_admin"? = true, "bot_rights"? = [right], "chat_id"?} -> {"chat": CHAT as in state}
                     `bot_rights` are names such as "can_manage_topics"; left out, an admin bot has them all.
    POST /sandbox/say        {"user_id", "chat_id", "text", "reply_to"? = message_id, "reply_chat"? = chat_id of a
                      message elsewhere (then it is an external reply), "quote"? = {"text", "position"?} (UTF-16),
                      "thread_id"?, "forward_from"? = user_id} -> {"message": MESSAGE}
    POST /sandbox/send       {"user_id", "chat_id", "kind": "photo" | "voice" | "sticker" | "video" | "document" |
                      "audio" | "animation" | "video_note" | "location" | "contact" | "poll" | "dice" | "album" |
                      "venue" | "story", "caption"?, "reply_to"?, "thread_id"?} -> {"messages": [MESSAGE]}
    POST /sandbox/edit       {"user_id", "chat_id", "message_id", "text"} -> {"message": MESSAGE}
    POST /sandbox/press      {"user_id", "chat_id", "message_id", "data", "force"? = false} -> {"query_id"}
    POST /sandbox/block      {"user_id"} -> {}          also /sandbox/unblock, /sandbox/deactivate
    POST /sandbox/add_bot    {"chat_id", "user_id"? = who adds it, "admin"? = true} -> {}
    POST /sandbox/kick_bot   {"chat_id", "user_id"?} -> {}
    POST /sandbox/join       {"user_id", "chat_id"} -> {"message": MESSAGE}
    POST /sandbox/migrate    {"chat_id"} -> {"chat_id": the supergroup's}
    POST /sandbox/delete_topic {"chat_id", "thread_id"} -> {}
    POST /sandbox/faults     {"kind", "method"?, "chat_id"?, "times"? = 1, "retry_after"?, "delay_s"?, "status"?,
                      "description"?} -> {}
    DELETE /sandbox/faults   forgets them all -> {}
    GET  /sandbox/log?after=N      {"accepted": [{"seq", "at", "method", "params", "result"}], "seq": the last one}
    GET  /sandbox/refused?after=N  {"refused": [{"seq", "at", "method", "params", "status", "description"}], "seq"}

A message looks the same to everybody in its chat; pressing a button of kind `callback_data` is POST /sandbox/press,
`url` and `copy_text` buttons are the page's own business.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.arguments import Json
from sandbox.bodies import decode
from sandbox.control import DEEDS, perform, state
from sandbox.errors import RefusalError
from sandbox.hosting import hang_up, serve, until_gone
from sandbox.telegram import Answer, Cut, Telegram

__all__ = ["serve", "telegram_routes"]

Endpoint = Callable[[Request], Awaitable[Response]]
_OURSELVES: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def telegram_routes(telegram: Telegram) -> list[Route]:
    """Everything of the stand-in that has an address, for any Starlette app.

    Faults that cut connections work only under `serve`.
    """
    control = _Control(telegram)
    return [
        Route("/bot{token}/{method}", _BotApi(telegram), methods=["GET", "POST"]),
        Route("/sandbox/state", _guarded(control.state)),
        Route("/sandbox/events", _guarded(control.events)),
        Route("/sandbox/log", _guarded(control.log)),
        Route("/sandbox/refused", _guarded(control.refused)),
        Route("/sandbox/faults", _guarded(control.clear_faults), methods=["DELETE"]),
        Route("/sandbox/{deed}", _guarded(control.perform), methods=["POST"]),
    ]


class _BotApi:
    """An ASGI app of its own, without Starlette's request and response: thousands of calls go through it."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        content_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        path = scope["path_params"]
        try:
            params = decode(body, content_type.decode("latin-1"), scope["query_string"])
        except RefusalError as refusal:
            await _reply(send, Answer(refusal.status, refusal.envelope()))
            return
        answer = await self._telegram.answer(path["token"], path["method"], params)
        match answer:
            case Cut.RESET:
                await hang_up(scope, receive)
            case Cut.SILENCE:
                await until_gone(receive)
            case Answer():
                await _reply(send, answer)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _reply(send: Send, answer: Answer) -> None:
    payload = answer.payload
    kind = b"application/json" if answer.raw is None else b"text/html"
    headers = [(b"content-type", kind), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})


def _json(content: Json, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def _guarded(endpoint: Endpoint) -> Endpoint:
    """Only for pages of this very server: another site's page must not play with it through the visitor's browser."""

    async def guard(request: Request) -> Response:
        host = request.headers.get("host", "")
        if urlsplit(f"//{host}").hostname not in _OURSELVES:
            return _json({"error": f"the sandbox does not answer to the name {host!r}"}, 403)
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return _json({"error": f"pages of {origin} may not play with the sandbox"}, 403)
        try:
            return await endpoint(request)
        except (ValueError, LookupError) as error:
            return _json({"error": str(error.args[0]) if error.args else "bad request"}, 400)
        except RefusalError as refusal:
            return _json({"error": refusal.description}, 400)

    return guard


class _Control:
    """The control API's endpoints."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    async def state(self, _request: Request) -> Response:
        return _json(state(self._telegram))

    async def perform(self, request: Request) -> Response:
        deed = request.path_params["deed"]
        if deed not in DEEDS:
            return _json({"error": f"nobody can {deed} here"}, 404)
        given = orjson.loads(await request.body() or b"{}")
        if not isinstance(given, dict):
            return _json({"error": "object expected as the body"}, 400)
        return _json(perform(self._telegram, deed, given))

    async def clear_faults(self, _request: Request) -> Response:
        self._telegram.faults.clear()
        return _json({})

    async def log(self, request: Request) -> Response:
        after = _after(request, 0)
        return _json({"accepted": self._telegram.log[after:], "seq": len(self._telegram.log)})

    async def refused(self, request: Request) -> Response:
        after = _after(request, 0)
        return _json({"refused": self._telegram.refused[after:], "seq": len(self._telegram.refused)})

    async def events(self, request: Request) -> Response:
        events = self._telegram.world.events
        resumed = request.headers.get("last-event-id")
        after = int(resumed) if resumed else _after(request, len(events))
        headers = {"cache-control": "no-store"}
        return StreamingResponse(self._stream(after), media_type="text/event-stream", headers=headers)

    async def _stream(self, after: int) -> AsyncIterator[bytes]:
        """What happened after that number, then each event as it happens."""
        events = self._telegram.world.events
        yield b": the sandbox speaks\n\n"
        while True:
            while after < len(events):
                event = events[after]
                after += 1
                yield b"id: %d\ndata: %s\n\n" % (after, orjson.dumps(event))
            await self._telegram.world.changed()


def _after(request: Request, default: int) -> int:
    after = int(request.query_params.get("after", default))
    if after < 0:
        raise ValueError("after is a number of an event, 0 or more")
    return after

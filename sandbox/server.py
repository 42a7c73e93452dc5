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
    POST /sandbox/faults     {"kind", "method"?, "chat_id"?, "times"? = 1, "retry_after"?, "delay_s"?,
                      "description"?} -> {}
    DELETE /sandbox/faults   forgets them all -> {}
    GET  /sandbox/log?after=N      {"accepted": [{"seq", "at", "method", "params", "result"}], "seq": the last one}
    GET  /sandbox/refused?after=N  {"refused": [{"seq", "at", "method", "params", "status", "description"}], "seq"}

A message looks the same to everybody in its chat; pressing a button of kind `callback_data` is POST /sandbox/press,
`url` and `copy_text` buttons are the page's own business.
"""

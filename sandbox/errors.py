"""How the stand-in refuses: Telegram's own sentences, as its Bot API server (tdlib/telegram-bot-api) words them.

Refusals of the stand-in alone (an unknown parameter, say) are worded where they are raised.
"""

from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class RefusalError(Exception):
    """A request that Telegram would not carry out; becomes the `{"ok": false}` envelope."""

    status: int
    description: str
    retry_after: int | None = None
    migrate_to_chat_id: int | None = None

    def envelope(self) -> dict[str, object]:
        """The answer's body (core.telegram.org/bots/api#making-requests, ResponseParameters)."""
        body: dict[str, object] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        if self.migrate_to_chat_id is not None:
            body["parameters"] = {"migrate_to_chat_id": self.migrate_to_chat_id}
        return body


def bad_request(sentence: str) -> RefusalError:
    return RefusalError(400, f"Bad Request: {sentence}")


def forbidden(sentence: str) -> RefusalError:
    return RefusalError(403, f"Forbidden: {sentence}")


def too_many_requests(retry_after: int) -> RefusalError:
    return RefusalError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def moved(chat_id: int) -> RefusalError:
    return RefusalError(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat_id)


NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_CONFLICT = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
SET_WEBHOOK_CONFLICT = "Conflict: terminated by setWebhook request"

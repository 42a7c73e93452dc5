"""setWebhook, deleteWebhook and getWebhookInfo (core.telegram.org/bots/api#setwebhook).

Two things differ from Telegram: plain http will do, as on a Bot API server of one's own, and nothing but loopback is
posted to.
"""

import re
from urllib.parse import urlsplit

from sandbox.arguments import Arguments, Json
from sandbox.errors import bad_request
from sandbox.hosting import loopback
from sandbox.posting import Hook
from sandbox.world import World

DEFAULT_CONNECTIONS = 40
MOST_CONNECTIONS = 100
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


def set_webhook(world: World, call: Arguments) -> bool:
    if not call.text("url"):
        return delete_webhook(world, call)
    url = _checked(call.text("url"))
    secret = call.text("secret_token")
    if "secret_token" in call and not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    if "allowed_updates" in call:
        world.updates.allow(call.texts("allowed_updates"))
    asked = call.maybe_integer("max_connections") or DEFAULT_CONNECTIONS
    if call.flag("drop_pending_updates"):
        world.updates.forget()
    world.updates.set_hook(Hook(url, secret, min(max(asked, 1), MOST_CONNECTIONS)))
    return True


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError when it is no number
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    if not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if parts.scheme not in ("http", "https"):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    try:
        loopback(parts.hostname)
    except ValueError:
        raise bad_request("bad webhook: the sandbox only posts to loopback") from None
    return url


def delete_webhook(world: World, call: Arguments) -> bool:
    world.updates.set_hook(None)
    if call.flag("drop_pending_updates"):
        world.updates.forget()
    return True


def get_webhook_info(world: World, _call: Arguments) -> Json:
    updates = world.updates
    told: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": updates.pending}
    if updates.hook is not None:
        told.update(url=updates.hook.url, max_connections=updates.hook.max_connections)
        if updates.hook.error:
            told.update(last_error_date=int(updates.hook.error_at), last_error_message=updates.hook.error)
    return {**told, "allowed_updates": updates.allowed} if updates.allowed else told

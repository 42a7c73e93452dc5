"""deleteWebhook and getWebhookInfo: the stand-in has no webhooks, and says so the way Telegram does."""

from sandbox.arguments import Arguments, Json
from sandbox.world import World


def delete_webhook(world: World, call: Arguments) -> bool:
    if call.flag("drop_pending_updates"):
        world.updates.forget()
    return True


def get_webhook_info(world: World, _call: Arguments) -> Json:
    told: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": world.updates.pending}
    allowed = world.updates.allowed
    return {**told, "allowed_updates": allowed} if allowed else told

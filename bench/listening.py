"""PTB's own Application on PTB's own queue: what a user would write who needs no durable inbox.

python -m bench.listening '{"client": "ptb", "url": …}'
"""

import asyncio
import json
import sys

from telegram import Update
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, ContextTypes
from telegram.request import BaseRequest, HTTPXRequest

from bench.theirs import TOKEN, Article
from bot.delivery.request import AiohttpRequest

SIDE_BY_SIDE = 64
"""As many as our own processor serves."""
_POOL = 256


async def listen(client: str, url: str) -> None:
    article = Article()

    async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or update.effective_chat is None:
            return
        await context.bot.send_message(
            update.effective_chat.id, article.text, entities=article.entities, reply_markup=article.keyboard
        )
        await query.answer()

    builder = ApplicationBuilder().token(TOKEN).base_url(f"{url}/bot").concurrent_updates(SIDE_BY_SIDE)
    builder = builder.request(_request(client)).get_updates_request(_request(client))
    application = builder.build()
    application.add_handler(CallbackQueryHandler(answer))
    await application.initialize()
    await application.start()
    assert application.updater is not None  # noqa: S101 - the builder makes one
    await application.updater.start_polling()
    print("ready", flush=True)  # noqa: T201 - whoever started it reads this
    await asyncio.Event().wait()


def _request(client: str) -> BaseRequest:
    if client == "ptb":
        return HTTPXRequest(connection_pool_size=_POOL, pool_timeout=60)
    return AiohttpRequest(pool_size=_POOL)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    asyncio.run(listen(asked["client"], asked["url"]))

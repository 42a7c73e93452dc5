"""`main.py check`: asks everything the bot depends on, and gathers one finding for each.

Changes nothing, anywhere; how a fact is judged is `bot.logic.findings`' work.
"""

from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
from telegram import Bot, ChatMember, ChatMemberAdministrator, ChatMemberRestricted
from telegram.error import InvalidToken, TelegramError

from bot.delivery.request import AiohttpRequest
from bot.intake.feed import UPDATES
from bot.logic.findings import (
    DeskFacts,
    Finding,
    ProcessFacts,
    WebhookFacts,
    bad,
    good,
    judge_clock,
    judge_database,
    judge_desk,
    judge_processes,
    judge_source,
    judge_webhook,
    judge_webhook_while_polling,
)
from bot.settings import Settings, SettingsError, Source
from bot.sources.fetching import open_session
from bot.sources.kinds import open_source
from bot.sources.port import Faulty, Fetched, Unchanged
from db.database import Database, DatabaseError, open_database
from db.delivery_jobs import BROADCASTS, PEOPLE
from db.desk import current_chat
from db.migrate import HEAD, find_revision
from db.presence import Presence, look

CLOCK_WITHIN_S = 5.0


async def examine(settings: Settings, *, now: Callable[[], datetime]) -> list[Finding]:
    """Every finding, in the order in which an operator would mend them."""
    findings = [good("settings", "read and understood")]
    database = open_database(settings.database.read_url())
    try:
        database_findings, desk_chat_id = await _database(settings, database)
    finally:
        await database.close()
    findings += await _telegram(settings, desk_chat_id, now=now)
    findings += database_findings
    async with open_session("Dauys/check") as session:
        findings += [await _source(source, settings, session) for source in settings.sources]
        if not settings.sources:
            findings.append(bad("sources", "there is none", "add a [[sources]] table with the site's feed"))
        findings.append(await _clock(settings, session, now=now))
    return findings


async def _telegram(settings: Settings, desk_chat_id: int, *, now: Callable[[], datetime]) -> list[Finding]:
    try:
        token = settings.telegram.read_token()
    except SettingsError as error:
        return [bad("token", problem.fault, problem.fix) for problem in error.problems]
    bot = Bot(
        token,
        base_url=f"{settings.telegram.api_url}/bot",
        request=AiohttpRequest(),
        get_updates_request=AiohttpRequest(),
    )
    try:
        async with bot:
            findings = [good("token", f"@{bot.username}"), await _desk(bot, desk_chat_id)]
            return findings + await _webhook(bot, settings, now=now)
    except InvalidToken:
        return [bad("token", "Telegram refused it", "copy the token from @BotFather again")]
    except TelegramError as error:
        return [bad("token", f"no answer from {settings.telegram.api_url}: {error.message}", "check the network")]


async def _webhook(bot: Bot, settings: Settings, *, now: Callable[[], datetime]) -> list[Finding]:
    told = await bot.get_webhook_info()
    told_host = urlsplit(told.url).hostname if told.url else None
    if settings.telegram.mode == "polling":
        finding = judge_webhook_while_polling(told_host)
        return [] if finding is None else [finding]
    facts = WebhookFacts(
        told_host=told_host,
        is_ours=told.url == settings.telegram.webhook_url,
        waiting=told.pending_update_count,
        error=told.last_error_message or "",
        error_at=told.last_error_date,
    )
    return [judge_webhook(facts, now=now())]


async def _desk(bot: Bot, chat_id: int) -> Finding:
    try:
        chat = await bot.get_chat(chat_id)
        member = await bot.get_chat_member(chat_id, bot.id)
    except TelegramError as error:
        return bad("desk", error.message, "add the bot to the group and set desk.chat_id to the group's id")
    is_admin = isinstance(member, ChatMemberAdministrator)
    permissions = chat.permissions
    may_write = permissions is None or permissions.can_send_messages is not False
    if isinstance(member, ChatMemberRestricted):
        may_write = bool(member.can_send_messages)
    return judge_desk(
        DeskFacts(
            title=chat.title or str(chat_id),
            kind=chat.type,
            is_forum=bool(chat.is_forum),
            status=member.status,
            can_send=is_admin or member.status == ChatMember.OWNER or may_write,
            can_manage_topics=isinstance(member, ChatMemberAdministrator) and bool(member.can_manage_topics),
        )
    )


async def _database(settings: Settings, database: Database) -> tuple[list[Finding], int]:
    """The findings, and where the desk is as far as the database knows."""
    desk_chat_id = settings.desk.chat_id
    present: Presence | None = None
    try:
        where = f"{settings.database.safe_url()}, {database.dialect} {await database.version()}"
        revision = await find_revision(database)
        if revision is not None:
            async with database.read() as connection:
                desk_chat_id = await current_chat(connection, desk_chat_id)
            if database.dialect == "postgresql":
                present = await look(database)
    except (DatabaseError, OSError) as error:
        cause = str(error.orig) if isinstance(error, DatabaseError) else str(error)
        return [bad("database", f"{settings.database.safe_url()}: {cause}", "check database.url")], desk_chat_id
    processes = _process_facts(present) if present is not None else None
    running = processes.bots + processes.workers if processes is not None else 0
    findings = [judge_database(where, revision=revision, head=HEAD, processes=running)]
    return findings + (judge_processes(processes) if processes is not None else []), desk_chat_id


def _process_facts(present: Presence) -> ProcessFacts:
    broadcasts_wait_s = 0.0 if BROADCASTS in present.busy else present.waits_s.get(BROADCASTS, 0.0)
    return ProcessFacts(
        bots=present.bots,
        is_led=present.is_led,
        workers=present.doing.get(PEOPLE, 0),
        updates_wait_s=present.waits_s.get(UPDATES, 0.0),
        people_wait_s=present.waits_s.get(PEOPLE, 0.0),
        broadcasts_wait_s=broadcasts_wait_s,
    )


async def _source(source: Source, settings: Settings, session: aiohttp.ClientSession) -> Finding:
    match await open_source(source, settings, session).fetch(None):
        case Fetched(articles=articles, warning=warning):
            if warning is not None and articles:
                return bad(f"source {source.name}", f"{len(articles)} articles, but {warning.value}", "mend the feed")
            return judge_source(source.name, items=len(articles), newest=articles[0].title if articles else None)
        case Unchanged():
            return bad(f"source {source.name}", "answered 304 to an unconditional request", "mend the server's cache")
        case Faulty(fault=fault, detail=detail):
            fix = f"open {source.url} in a browser; it must be an RSS or Atom feed"
            return bad(f"source {source.name}", f"{fault.value}: {detail}", fix)


async def _clock(settings: Settings, session: aiohttp.ClientSession, *, now: Callable[[], datetime]) -> Finding:
    timeout = aiohttp.ClientTimeout(total=CLOCK_WITHIN_S)
    try:
        async with session.get(settings.telegram.api_url, timeout=timeout, allow_redirects=False) as response:
            there = parsedate_to_datetime(response.headers["Date"])
    except (aiohttp.ClientError, TimeoutError, KeyError, ValueError) as error:
        return good("clock", f"{now():%Y-%m-%d %H:%M:%S} UTC, not compared ({type(error).__name__})")
    return judge_clock(now(), there)

"""Statements about the desk's group: where it moved to, and its forum topics."""

from datetime import datetime

from sqlalchemy import and_, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import chat_moves, desk_topics
from db.upserts import count_inserted, insert_into


async def current_chat(connection: AsyncConnection, chat_id: int) -> int:
    """Where the chat is now: a group that became a supergroup has another id."""
    seen = {chat_id}
    while True:
        moved = (
            await connection.execute(select(chat_moves.c.new_chat_id).where(chat_moves.c.old_chat_id == chat_id))
        ).scalar()
        if moved is None or moved in seen:
            return chat_id
        chat_id = moved
        seen.add(chat_id)


async def record_move(connection: AsyncConnection, old_chat_id: int, new_chat_id: int, *, now: datetime) -> bool:
    """Returns whether the move was news."""
    statement = (
        insert_into(connection, chat_moves)
        .values(old_chat_id=old_chat_id, new_chat_id=new_chat_id, moved_at=now)
        .on_conflict_do_nothing()
    )
    return bool(await count_inserted(connection, statement))


async def find_topic(connection: AsyncConnection, chat_id: int, name: str) -> int | None:
    """Its thread, or None while there is none."""
    statement = select(desk_topics.c.thread_id).where(desk_topics.c.chat_id == chat_id, desk_topics.c.name == name)
    return (await connection.execute(statement)).scalar()


async def begin_topic(connection: AsyncConnection, chat_id: int, name: str, *, now: datetime, stale: datetime) -> bool:
    """Whether the caller is to make the topic: nobody has, and nobody has begun to since `stale`."""
    statement = insert_into(connection, desk_topics).values(chat_id=chat_id, name=name, making_since=now)
    statement = statement.on_conflict_do_update(
        index_elements=[desk_topics.c.chat_id, desk_topics.c.name],
        set_={"making_since": now},
        where=and_(desk_topics.c.thread_id.is_(None), desk_topics.c.making_since < stale),
    )
    return bool(await count_inserted(connection, statement))


async def save_topic(connection: AsyncConnection, chat_id: int, name: str, thread_id: int) -> None:
    statement = insert_into(connection, desk_topics).values(chat_id=chat_id, name=name, thread_id=thread_id)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[desk_topics.c.chat_id, desk_topics.c.name],
            set_={"thread_id": thread_id, "making_since": None},
        )
    )


async def forget_topic(connection: AsyncConnection, chat_id: int, name: str, *, thread_id: int | None) -> None:
    """Only if it is still this thread; None: only if it is still being made."""
    await connection.execute(
        delete(desk_topics).where(
            desk_topics.c.chat_id == chat_id,
            desk_topics.c.name == name,
            desk_topics.c.thread_id.is_(None) if thread_id is None else desk_topics.c.thread_id == thread_id,
        )
    )

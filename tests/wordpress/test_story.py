"""The whole bot follows a real WordPress's Kazakh and Russian categories: what is written there reaches its readers.

The bot is the real one but for its Telegram and its clock; the site is asked over HTTP, when the story says so.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.logic.polling import FULL_FETCH_EVERY
from bot.settings import Source
from bot.sources.fetching import open_session
from bot.sources.kinds import open_source
from bot.sources.polling import Chance, SourcePoller
from tests.support.story import Person, Story, settings_for, telling
from tests.support.wordpress import CATEGORIES, Post, WordPress

LANGUAGE_OF = {"kaz": "kk", "rus": "ru"}
LONG_AGO = datetime(2026, 1, 15, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Newsroom:
    """A site, and the bot that follows it."""

    site: WordPress
    story: Story
    pollers: tuple[SourcePoller, ...]

    async def fetches(self) -> None:
        """Each category is asked once, as the bot asks it: with conditions, unless a full look is due."""
        for poller, name in zip(self.pollers, CATEGORIES.values(), strict=True):
            state = await poller.poll(await self.story.dauys.services.articles.source_state(name))
            assert (state.failures, state.fault) == (0, None), state
        await self.story.settle()

    async def fetches_in_full(self) -> None:
        """Hours later, when nothing may hide behind a 304. WordPress tells times apart by seconds, tests are faster."""
        await self.story.later(FULL_FETCH_EVERY)
        await self.fetches()

    async def reader(self, language: str, name: str) -> Person:
        person = self.story.person(name, language_code=language)
        await person.starts(language)
        return person

    def preview_of(self, person: Person) -> object:
        """The address whose picture stands over the last message that came to a person."""
        sent = [
            accepted.result
            for accepted in self.story.telegram.log
            if accepted.method == "sendMessage" and isinstance(accepted.result, dict)
        ]
        last = [message for message in sent if message["chat"]["id"] == person.chat_id][-1]
        return last["link_preview_options"]["url"]


@pytest.fixture
async def newsroom(wordpress: WordPress, sqlite_url: str) -> AsyncIterator[Newsroom]:
    """A site with a past, whose categories the bot has just begun to follow: the past is nobody's news."""
    wordpress.publish("Ескі жаңалық", "<p>Бұл жаңалық бұрын жарияланған.</p>", category="kaz", at=LONG_AGO)
    wordpress.publish("Старая новость", "<p>Эта новость вышла давно.</p>", category="rus", at=LONG_AGO)
    settings = settings_for(sqlite_url)
    async with telling(settings) as (story, _, _), open_session("Dauys/test") as session:
        pollers = tuple(
            SourcePoller(
                open_source(source_of(wordpress, category), settings, session),
                poll_every_s=300,
                articles=story.dauys.services.articles,
                desk=story.dauys.desk,
                chance=Chance(story.now, lambda: 0.0),
            )
            for category in CATEGORIES
        )
        newsroom = Newsroom(wordpress, story, pollers)
        await newsroom.fetches()
        yield newsroom


def source_of(wordpress: WordPress, category: str) -> Source:
    return Source.model_validate(
        {"name": CATEGORIES[category], "url": wordpress.feed_url(category), "language": LANGUAGE_OF[category]}
    )


async def test_a_post_reaches_the_readers_of_its_language_and_nobody_else(newsroom: Newsroom) -> None:
    aigul, pyotr = await newsroom.reader("kk", "Айгүл"), await newsroom.reader("ru", "Пётр")
    kazakh = newsroom.site.publish(
        "Жаңа саябақ ашылды", "<p>Бүгін ауданда жаңа саябақ ашылды.</p><p>Келіп көріңіз.</p>", category="kaz"
    )
    await newsroom.fetches()
    (news,) = aigul.sees("Жаңа саябақ ашылды")
    assert "Бүгін ауданда жаңа саябақ ашылды." in news.text
    assert CATEGORIES["kaz"] in news.text
    assert news.labels == ("💬 Пікір", "✏️ Қате", "📖 Толық мәтін", "☎️ 110")
    assert newsroom.preview_of(aigul) == kazakh.url
    pyotr.sees()

    newsroom.site.publish("Открыт новый парк", "<p>Сегодня в районе открыли парк.</p>", category="rus")
    await newsroom.fetches()
    (news,) = pyotr.sees("Открыт новый парк")
    assert news.labels == ("💬 Комментарий", "✏️ Опечатка", "📖 Полный текст", "☎️ 110")
    aigul.sees()


async def test_what_was_there_before_is_not_news_and_nothing_is_sent_twice(newsroom: Newsroom) -> None:
    aigul = await newsroom.reader("kk", "Айгүл")
    await newsroom.fetches()
    await newsroom.fetches_in_full()
    aigul.sees()

    newsroom.site.publish("Жаңа көпір", "<p>Көпір ашылды.</p>", category="kaz")
    await newsroom.fetches()
    aigul.sees("Жаңа көпір")
    await newsroom.fetches()
    await newsroom.fetches_in_full()
    await newsroom.story.restart()
    aigul.sees()


async def test_a_restored_site_with_other_ids_sends_nothing_again(newsroom: Newsroom) -> None:
    pyotr = await newsroom.reader("ru", "Пётр")
    post = newsroom.site.publish("Новый мост", "<p>Мост открыт.</p>")
    await newsroom.fetches()
    pyotr.sees("Новый мост")
    newsroom.site.eval("$wpdb->update($wpdb->posts, ['guid' => 'x'], ['ID' => $given['id']]);", id=post.id)
    await newsroom.fetches_in_full()
    pyotr.sees()


async def test_a_corrected_title_changes_the_message_where_it_stands(newsroom: Newsroom) -> None:
    aigul, pyotr = await newsroom.reader("kk", "Айгүл"), await newsroom.reader("ru", "Пётр")
    post = newsroom.site.publish("Жана саябақ ашылды", "<p>Бүгін саябақ ашылды.</p>", category="kaz")
    await newsroom.fetches()
    (before,) = aigul.sees("Жана саябақ ашылды")

    newsroom.site.edit(post.id, title="Жаңа саябақ ашылды")
    await newsroom.fetches_in_full()
    (after,) = aigul.sees("Жаңа саябақ ашылды")
    assert after.is_edit
    assert (after.message_id, after.labels) == (before.message_id, before.labels)
    pyotr.sees()


async def test_signs_and_emoji_arrive_as_they_were_typed(newsroom: Newsroom) -> None:
    pyotr = await newsroom.reader("ru", "Пётр")
    newsroom.site.publish("Дом & школа: «A < B» 🚸", "<p>Осторожно 🚸, дети &amp; 1 &lt; 2 👩‍🚒!</p>")
    await newsroom.fetches()
    (news,) = pyotr.sees("Дом & школа: «A < B» 🚸")
    assert "Осторожно 🚸, дети & 1 < 2 👩‍🚒!" in news.text
    await pyotr.presses("📖", on=news)
    pyotr.sees("Осторожно 🚸, дети & 1 < 2 👩‍🚒!")


async def test_a_post_behind_a_password_reaches_nobody_until_it_is_for_everybody(newsroom: Newsroom) -> None:
    pyotr = await newsroom.reader("ru", "Пётр")
    secret = newsroom.site.publish("Для волонтёров", "<p>Закрытый текст.</p>", password="sekret")
    await newsroom.fetches_in_full()
    pyotr.sees()
    newsroom.site.eval("wp_update_post(['ID' => $given['id'], 'post_password' => '']);", id=secret.id)
    await newsroom.fetches_in_full()
    (news,) = pyotr.sees("Для волонтёров")
    assert "Закрытый текст." in news.text


async def test_a_post_with_a_date_arrives_when_its_time_has_come(newsroom: Newsroom) -> None:
    aigul = await newsroom.reader("kk", "Айгүл")
    planned = newsroom.site.publish(
        "Ертеңгі жиналыс", "<p>Жиналыс сағат онда.</p>", category="kaz", at=datetime(2090, 1, 1, tzinfo=UTC)
    )
    await newsroom.fetches_in_full()
    aigul.sees()
    let_time_pass(newsroom.site, planned)
    await newsroom.fetches_in_full()
    aigul.sees("Ертеңгі жиналыс")


def let_time_pass(site: WordPress, planned: Post) -> None:
    """The post's date is over by a minute, and WordPress's own cron job for it runs."""
    code = """
        $past = gmdate('Y-m-d H:i:s', time() - 60);
        $wpdb->update(
            $wpdb->posts, ['post_date_gmt' => $past, 'post_date' => get_date_from_gmt($past)], ['ID' => $given['id']]
        );
        clean_post_cache($given['id']);
        check_and_publish_future_post($given['id']);
    """
    site.eval(code, id=planned.id)


async def test_a_post_dated_back_arrives_too(newsroom: Newsroom) -> None:
    pyotr = await newsroom.reader("ru", "Пётр")
    newsroom.site.publish("Итоги недели", "<p>Что было.</p>", at=LONG_AGO - timedelta(days=3))
    await newsroom.fetches_in_full()
    pyotr.sees("Итоги недели")


async def test_a_post_in_both_categories_reaches_each_reader_once(newsroom: Newsroom) -> None:
    aigul, pyotr = await newsroom.reader("kk", "Айгүл"), await newsroom.reader("ru", "Пётр")
    post = newsroom.site.publish("110: бір нөмір, один номер", "<p>110</p>", category="kaz")
    code = """
        $ids = array_map(fn($slug) => get_category_by_slug($slug)->term_id, $given['slugs']);
        wp_set_post_categories($given['id'], $ids);
    """
    newsroom.site.eval(code, id=post.id, slugs=list(CATEGORIES))
    await newsroom.fetches_in_full()
    aigul.sees("110: бір нөмір, один номер")
    pyotr.sees("110: бір нөмір, один номер")
    await newsroom.fetches_in_full()


async def test_a_misprint_in_a_post_is_quoted_and_the_desk_hears_of_it(newsroom: Newsroom) -> None:
    pyotr = await newsroom.reader("ru", "Пётр")
    newsroom.site.publish("Мост", "<p>Сегодня открыли пешеходный мотс через реку. Приходите.</p>")
    await newsroom.fetches()
    (news,) = pyotr.sees("Мост")
    await pyotr.quotes(news, "мотс", "мост")
    pyotr.sees("Сегодня открыли пешеходный мотс через реку.")
    await pyotr.presses("✅")
    pyotr.sees("№1")
    card = newsroom.story.take_unseen(newsroom.story.settings.desk.chat_id)[-1]
    assert "Сегодня открыли пешеходный мотс через реку." in card.text

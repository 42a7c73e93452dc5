"""What a reader sees outside of the guided flows: the first screens, languages, help, privacy."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.i18n import Texts
from bot.logic.callbacks import Action, Press
from bot.logic.rich import Rich, bold, fill, join
from bot.logic.screen import Button, Keyboard, Screen

NATIVE_NAMES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
"""Each language by its own name, whatever language the screen is in."""


@dataclass(frozen=True, slots=True)
class About:
    """What every screen may say about the newsroom. `name` is in the reader's language."""

    name: str
    site: str | None
    privacy_contact: str | None
    hotline: Button
    hotline_number: str


def native_name(language: str) -> str:
    return NATIVE_NAMES.get(language, language)


def choose_language(all_texts: Sequence[Texts]) -> Screen:
    """The very first question, in every language at once; the app's language comes first in `all_texts`."""
    body = join([texts.gettext("Choose your language") for texts in all_texts])
    return Screen(body, tuple((_first_button(texts.language),) for texts in all_texts))


def _first_button(language: str) -> Button:
    # Not the settings' button: a press that is handled twice must both times lead to the welcome.
    return Button(native_name(language), data=Press(Action.BEGIN, language).pack())


def _language_button(language: str, *, is_current: bool) -> Button:
    label = ("✅ " if is_current else "") + native_name(language)
    return Button(label, data=Press(Action.LANGUAGE, language).pack())


def welcome(texts: Texts, about: About, *, news_languages: Collection[str], offered: Collection[str]) -> Screen:
    """One screen that says what this is, and the hotline's number."""
    body = join(
        [
            fill(texts.gettext("👋 This is {name} in Telegram."), name=bold(about.name)),
            join(
                [
                    _news_line(texts, news_languages, offered),
                    texts.gettext("💬 Under each article you can leave a comment."),
                    texts.gettext(
                        "✏️ Found a misprint? Select it in the article, tap “Quote” and write how it should be."
                    ),
                    fill(texts.gettext("☎️ Hotline: {number}"), number=bold(about.hotline_number)),
                ]
            ),
        ],
        "\n\n",
    )
    return Screen(body, _menu(texts, about))


def _news_line(texts: Texts, news_languages: Collection[str], offered: Collection[str]) -> Rich:
    if not news_languages:
        return Rich(texts.gettext("📰 The news is off. Turn it on under “News and language”."))
    names = ", ".join(native_name(language) for language in offered if language in news_languages)
    return fill(texts.gettext("📰 New articles come here by themselves: {languages}."), languages=names)


def _menu(texts: Texts, about: About) -> Keyboard:
    return (
        (about.hotline, Button(texts.gettext("📰 News and language"), data=Press(Action.MENU, "language").pack())),
        (Button(texts.gettext("❓ Help"), data=Press(Action.MENU, "help").pack()),),
    )


def language_settings(
    texts: Texts,
    *,
    languages: Sequence[str],
    offered: Sequence[str],
    news_languages: Collection[str],
) -> Screen:
    """The language of the bot, and apart from it the languages of the news."""
    body = join(
        [
            bold(texts.gettext("News and language")),
            texts.gettext("🌐 First row: the language I speak with you."),
            texts.gettext("📰 Below: the languages of the articles that come to you. Tap to turn one on or off."),
        ],
        "\n\n",
    )
    speaking = tuple(_language_button(language, is_current=language == texts.language) for language in languages)
    news = tuple((_news_button(language, is_on=language in news_languages),) for language in offered)
    return Screen(body, (speaking, *news))


def _news_button(language: str, *, is_on: bool) -> Button:
    label = ("📰 ✅ " if is_on else "📰 ▫️ ") + native_name(language)
    return Button(label, data=Press(Action.NO_NEWS if is_on else Action.NEWS, language).pack())


def news_stopped(texts: Texts) -> Screen:
    body = texts.gettext("🔕 The news no longer comes. Comments, misprints and the hotline work as before.")
    return Screen(
        Rich(body), ((Button(texts.gettext("🔔 Turn the news on"), data=Press(Action.MENU, "resume").pack()),),)
    )


def news_resumed(texts: Texts, news_languages: Collection[str], offered: Collection[str]) -> Screen:
    return Screen(_news_line(texts, news_languages, offered))


def help_screen(texts: Texts, about: About) -> Screen:
    body = join(
        [
            bold(texts.gettext("What I can do")),
            texts.gettext("💬 Comment: tap the button under an article, or simply reply to it."),
            texts.gettext(
                "✏️ Misprint: hold the words in the article, tap “Quote”, write how it should be and send. "
                "Or tap the button under the article."
            ),
            texts.gettext("📖 Full text: the whole article right here, without leaving Telegram."),
            fill(
                texts.gettext("☎️ Hotline {number}: send /hotline or just the number, at any moment."),
                number=bold(about.hotline_number),
            ),
            texts.gettext(
                "/language: news and language\n/stop: no more news\n/cancel: leave what was begun\n"
                "/privacy: what I know about you"
            ),
            "" if about.site is None else fill(texts.gettext("🌐 Our site: {site}"), site=about.site),
        ],
        "\n\n",
    )
    return Screen(body, _menu(texts, about)[:1])


def privacy(texts: Texts, about: About, *, code: str) -> Screen:
    """What is kept, how long and who sees it."""
    body = join(
        [
            bold(texts.gettext("What I know about you")),
            texts.gettext(
                "I keep your Telegram id (not your phone), the languages you chose and what you send to the editors."
            ),
            fill(
                texts.gettext("The editors see your words under the code {code}; your name only if you sign with it."),
                code=bold(code),
            ),
            texts.gettext(
                "An unfinished draft is kept for one day. Nothing is sold, shown to others or used for advertising."
            ),
            ""
            if about.privacy_contact is None
            else fill(
                texts.gettext("To ask what is kept or to have it deleted, write to {contact}."),
                contact=about.privacy_contact,
            ),
        ],
        "\n\n",
    )
    erase = Button(texts.gettext("🗑 Delete everything about me"), data=Press(Action.MENU, "erase").pack())
    return Screen(body, ((erase,),))


def erase_question(texts: Texts) -> Screen:
    """Asked once more, because nothing of it can be brought back."""
    body = texts.gettext(
        "Delete everything? Your languages, your draft and the words you sent to the editors go, and the news stops. "
        "This cannot be undone."
    )
    yes = Button(texts.gettext("🗑 Yes, delete"), data=Press(Action.MENU, "erase_yes").pack(), style="danger")
    no = Button(texts.gettext("No, keep it"), data=Press(Action.MENU, "erase_no").pack())
    return Screen(Rich(body), ((yes,), (no,)))


def erased(texts: Texts) -> Screen:
    return Screen(Rich(texts.gettext("Everything about you is deleted. If you write again, we begin anew: /start")))


def kept(texts: Texts) -> Screen:
    return Screen(Rich(texts.gettext("All right, everything stays as it was.")))


def not_understood(texts: Texts, about: About) -> Screen:
    """The one short answer to everything else."""
    body = texts.gettext(
        "I did not understand that. To comment on an article, reply to it or tap 💬 under it. The rest is in /help."
    )
    return Screen(
        Rich(body), ((about.hotline, Button(texts.gettext("❓ Help"), data=Press(Action.MENU, "help").pack())),)
    )


def only_words(texts: Texts) -> Screen:
    """To a photo, voice, sticker and the like."""
    return Screen(Rich(texts.gettext("For now I can only take words. Please write it as text.")))


def trouble(texts: Texts, hotline: Button) -> Screen:
    """Something broke on our side."""
    body = texts.gettext(
        "Something went wrong on our side; we know about it already. Please try once more a little later."
    )
    return Screen(Rich(body), ((hotline,),))


def saved(texts: Texts) -> str:
    """The little note above the screen after a press."""
    return texts.gettext("Saved")


def too_late(texts: Texts) -> str:
    """To a press on a button whose time is over."""
    return texts.gettext("This button no longer works")


def article_gone(texts: Texts) -> str:
    return texts.gettext("This article is no longer here")

"""What people read in the stories, in their language: enough of each sentence to know it by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """`language` is the page's, the bot's and the article's at once."""

    language: str
    welcome: str
    confirm: str
    send: str
    thanks_for_report: str
    fixed: str
    not_an_error: str
    comment: str
    write_comment: str
    signing: str
    another_name: str
    which_name: str
    preview: str
    thanks_for_comment: str
    rejected: str
    copy: str
    copied: str
    hotline: str
    edited: str


KAZAKH = Words(
    language="kk",
    welcome="Жаңа мақалалар",
    confirm="Редакцияға жіберейін бе?",
    send="✅ Жіберу",
    thanks_for_report="Рақмет! №1 хабарламаңыз",
    fixed="хабарламаңыздағы қате түзетілді",
    not_an_error="мәтінде бәрі дұрыс",
    comment="💬 Пікір",
    write_comment="💬 Мақалаға пікір",
    signing="Пікірге қандай ат қоямыз?",
    another_name="Басқа ат",
    which_name="Қандай атпен",
    preview="Жібермес бұрын тексеріп шығыңыз",
    thanks_for_comment="Рақмет! №1 пікіріңіз",
    rejected="редакция қабылдамады",
    copy="📋",
    copied="Көшірілді: 110",
    hotline="Сенім телефоны",
    edited="өзгертілген",
)
RUSSIAN = Words(
    language="ru",
    welcome="Новые статьи",
    confirm="Отправить в редакцию?",
    send="✅ Отправить",
    thanks_for_report="Спасибо! Ваше сообщение №1",
    fixed="Опечатка из вашего сообщения №1 исправлена",
    not_an_error="в тексте всё верно",
    comment="💬 Комментарий",
    write_comment="💬 Комментарий к статье",
    signing="Как подписать комментарий?",
    another_name="Другое имя",
    which_name="Каким именем подписать?",
    preview="Проверьте перед отправкой",
    thanks_for_comment="Спасибо! Ваш комментарий №1",
    rejected="редакция его не приняла",
    copy="📋",
    copied="Скопировано: 110",
    hotline="Горячая линия",
    edited="изменено",
)

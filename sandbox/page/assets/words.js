// Every word the page itself says, in its three languages. What people and the bot say comes from the server.

const WORDS = {
  kk: {
    tagline: "Сынақ алаңы",
    publish: "Мақала жариялау",
    publishKk: "Қазақша",
    publishRu: "Орысша",
    correct: "Соңғы тақырыпты түзету",
    site: "Сайт",
    pageLanguage: "Беттің тілі",
    views: "Көрініс",
    reader: "Оқырман",
    desk: "Редакция",
    newReader: "Жаңа оқырман",
    block: "Ботты бұғаттау",
    unblock: "Бұғаттан шығару",
    asEditor: "Кімнің атынан",
    away: "Сервермен байланыс үзілді. Қайта қосылып жатырмыз…",
    start: "Бастау",
    whatCan: "Бұл бот не істей алады?",
    noDescription: "Төмендегі батырманы бассаңыз, әңгіме басталады.",
    message: "Хабарлама",
    deskMessage: "Топқа жазу",
    send: "Жіберу",
    reply: "Жауап беру",
    quote: "Дәйексөз",
    edit: "Өзгерту",
    toEnd: "Соңына өту",
    cancel: "Болдырмау",
    commands: "Бұйрықтар",
    attach: "Файл тіркеу",
    edited: "өзгертілген",
    bot: "бот",
    typing: "жазып жатыр…",
    members: "мүшелер: {n}",
    topics: "Тақырыптар",
    allTopics: "Барлығы",
    noDesk: "Редакция тобы әлі жоқ.",
    quietDesk: "Мұнда оқырмандардың пікірлері мен қате туралы хабарлары келеді.",
    published: "Жарияланды: {title}",
    corrected: "Тақырып түзетілді: {title}",
    copied: "Көшірілді: {text}",
    notCopied: "Көшіру мүмкін болмады: {text}",
    failed: "Болмады: {reason}",
    ok: "Жарайды",
    addContact: "Байланыс",
    quoteTooLong: "Дәйексөз тым ұзын",
    topicCreated: "«{name}» тақырыбы ашылды",
    topicClosed: "Тақырып жабылды",
    topicReopened: "Тақырып қайта ашылды",
    topicEdited: "Тақырып аты: {name}",
    joined: "{name} топқа қосылды",
    left: "{name} топтан шықты",
    pinned: "Хабарлама бекітілді",
    groupCreated: "Топ құрылды",
    migrated: "Топ супертопқа айналды",
    service: "Қызметтік хабарлама",
    forwarded: "Қайта жіберілді: {name}",
    photo: "Фото",
    voice: "Дауыстық хабар",
    sticker: "Стикер",
    video: "Видео",
    document: "Файл",
    audio: "Аудио",
    animation: "GIF",
    video_note: "Видеохабар",
    location: "Орналасқан жері",
    contact: "Контакт",
    poll: "Сауалнама",
    dice: "Ойын сүйегі",
    venue: "Орын",
    story: "Оқиға",
  },
  ru: {
    tagline: "Песочница",
    publish: "Опубликовать статью",
    publishKk: "На казахском",
    publishRu: "На русском",
    correct: "Исправить последний заголовок",
    site: "Сайт",
    pageLanguage: "Язык страницы",
    views: "Вид",
    reader: "Читатель",
    desk: "Редакция",
    newReader: "Новый читатель",
    block: "Заблокировать бота",
    unblock: "Разблокировать",
    asEditor: "От чьего имени",
    away: "Связь с сервером прервалась. Подключаемся снова…",
    start: "Начать",
    whatCan: "Что умеет этот бот?",
    noDescription: "Нажмите кнопку внизу, и разговор начнётся.",
    message: "Сообщение",
    deskMessage: "Написать в группу",
    send: "Отправить",
    reply: "Ответить",
    quote: "Цитировать",
    edit: "Изменить",
    toEnd: "В конец",
    cancel: "Отменить",
    commands: "Команды",
    attach: "Прикрепить",
    edited: "изменено",
    bot: "бот",
    typing: "печатает…",
    members: "участников: {n}",
    topics: "Темы",
    allTopics: "Все",
    noDesk: "Группы редакции пока нет.",
    quietDesk: "Сюда приходят комментарии читателей и сообщения об опечатках.",
    published: "Опубликовано: {title}",
    corrected: "Заголовок исправлен: {title}",
    copied: "Скопировано: {text}",
    notCopied: "Скопировать не удалось: {text}",
    failed: "Не получилось: {reason}",
    ok: "Хорошо",
    addContact: "Контакт",
    quoteTooLong: "Слишком длинная цитата",
    topicCreated: "Открыта тема «{name}»",
    topicClosed: "Тема закрыта",
    topicReopened: "Тема снова открыта",
    topicEdited: "Название темы: {name}",
    joined: "{name} теперь в группе",
    left: "{name} больше не в группе",
    pinned: "Сообщение закреплено",
    groupCreated: "Группа создана",
    migrated: "Группа стала супергруппой",
    service: "Служебное сообщение",
    forwarded: "Переслано от: {name}",
    photo: "Фото",
    voice: "Голосовое сообщение",
    sticker: "Стикер",
    video: "Видео",
    document: "Файл",
    audio: "Аудио",
    animation: "GIF",
    video_note: "Видеосообщение",
    location: "Геопозиция",
    contact: "Контакт",
    poll: "Опрос",
    dice: "Кубик",
    venue: "Место",
    story: "История",
  },
  en: {
    tagline: "Sandbox",
    publish: "Publish an article",
    publishKk: "In Kazakh",
    publishRu: "In Russian",
    correct: "Correct the last title",
    site: "Site",
    pageLanguage: "Language of this page",
    views: "View",
    reader: "Reader",
    desk: "Desk",
    newReader: "New reader",
    block: "Block the bot",
    unblock: "Unblock",
    asEditor: "Acting as",
    away: "The server is away. Connecting again…",
    start: "Start",
    whatCan: "What can this bot do?",
    noDescription: "Press the button below to begin.",
    message: "Message",
    deskMessage: "Write to the group",
    send: "Send",
    reply: "Reply",
    quote: "Quote",
    edit: "Edit",
    toEnd: "Go to the end",
    cancel: "Cancel",
    commands: "Commands",
    attach: "Attach",
    edited: "edited",
    bot: "bot",
    typing: "typing…",
    members: "members: {n}",
    topics: "Topics",
    allTopics: "All",
    noDesk: "There is no desk group yet.",
    quietDesk: "Readers' comments and typo reports arrive here.",
    published: "Published: {title}",
    corrected: "Title corrected: {title}",
    copied: "Copied: {text}",
    notCopied: "Could not copy: {text}",
    failed: "That failed: {reason}",
    ok: "OK",
    addContact: "Contact",
    quoteTooLong: "The quote is too long",
    topicCreated: "Topic “{name}” was opened",
    topicClosed: "Topic closed",
    topicReopened: "Topic opened again",
    topicEdited: "Topic name: {name}",
    joined: "{name} joined the group",
    left: "{name} left the group",
    pinned: "A message was pinned",
    groupCreated: "The group was created",
    migrated: "The group became a supergroup",
    service: "Service message",
    forwarded: "Forwarded from: {name}",
    photo: "Photo",
    voice: "Voice message",
    sticker: "Sticker",
    video: "Video",
    document: "File",
    audio: "Audio",
    animation: "GIF",
    video_note: "Video message",
    location: "Location",
    contact: "Contact",
    poll: "Poll",
    dice: "Dice",
    venue: "Venue",
    story: "Story",
  },
};

const LOCALES = { kk: "kk-KZ", ru: "ru-RU", en: "en-GB" };
const KEPT = "dauys-page-language";

let language = remembered();

function remembered() {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept in WORDS ? kept : "kk";
  } catch {
    return "kk"; // storage may be forbidden
  }
}

export function pageLanguage() {
  return language;
}

export function choosePageLanguage(chosen) {
  language = chosen;
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    // then the choice lasts as long as the page
  }
}

/** The word `key` in the page's language, `{slots}` filled from `values`. */
export function word(key, values = {}) {
  return WORDS[language][key].replace(/\{(\w+)\}/g, (_, slot) => values[slot] ?? "");
}


// Making a formatter costs a hundred times what using it does.
const makeFormats = (options) =>
  Object.fromEntries(Object.entries(LOCALES).map(([key, locale]) => [key, new Intl.DateTimeFormat(locale, options)]));
const TIMES = makeFormats({ hour: "2-digit", minute: "2-digit" });
const DAYS = makeFormats({ day: "numeric", month: "long" });

export function formatTime(unixSeconds) {
  return TIMES[language].format(unixSeconds * 1000);
}

const KAZAKH_MONTHS = "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан".split(" ");

export function formatDay(unixSeconds) {
  if (language === "kk") {
    // Many browsers are built without Kazakh dates and answer "M11 22".
    const day = new Date(unixSeconds * 1000);
    return `${day.getDate()} ${KAZAKH_MONTHS[day.getMonth()]}`;
  }
  return DAYS[language].format(unixSeconds * 1000);
}

// The page around the two chats: publishing, readers, editors, languages, and the link to the server.

import { ChatPanel } from "./chat.js";
import { icon, make } from "./dom.js";
import { offerQuotes } from "./quote.js";
import { call, findDesk, follow, listEditors, listReaders, personName, world } from "./world.js";
import { choosePageLanguage, pageLanguage, word } from "./words.js";

const NEW_READERS = {
  kk: ["Айгерім", "Нұрлан", "Сәуле", "Ерлан", "Жанар", "Бекзат"],
  ru: ["Ольга", "Иван", "Марина", "Павел", "Надежда", "Юрий"],
  en: ["Alice", "Oliver", "Grace", "Henry", "Emily", "George"],
};
const NOTICE_MS = 5000;
const drawn = new Map(); // element's id -> what it shows now
const find = (id) => document.getElementById(id);

const chosen = { reader: null, editor: null, published: "kk", tab: "reader" };
const seen = new Map(); // reader's id -> the last message that stood on their phone
let newcomers = 0;
let deskSeen = 0;

const alert = (text) => {
  find("alert-text").textContent = text;
  find("alert").showModal();
};
const reader = new ChatPanel(find("reader-chat"), {
  name: "reader",
  person: () => world.people.get(chosen.reader) ?? null,
  chat: () => world.chats.get(chosen.reader) ?? null,
  alert,
});
const desk = new ChatPanel(find("desk-chat"), {
  name: "desk",
  person: () => world.people.get(chosen.editor) ?? null,
  chat: findDesk,
  alert,
});

function render() {
  chooseDefaults();
  renderWords();
  renderReaders();
  renderEditors();
  reader.render();
  desk.render();
  renderTabs();
}

function chooseDefaults() {
  if (!world.people.has(chosen.reader)) chosen.reader = listReaders()[0]?.id ?? null;
  const editors = listEditors(findDesk());
  if (!editors.some(({ id }) => id === chosen.editor)) chosen.editor = editors[0]?.id ?? null;
}

function renderWords() {
  document.documentElement.lang = pageLanguage();
  document.title = `Dauys · ${word("tagline")}`;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", word(element.dataset.label));
  for (const button of document.querySelectorAll("[data-ui]")) {
    button.setAttribute("aria-pressed", String(button.dataset.ui === pageLanguage()));
  }
}

function renderReaders() {
  seen.set(chosen.reader, lastId(world.chats.get(chosen.reader)));
  const options = listReaders().map((person) => {
    const unread = countUnread(person);
    const label = `${personName(person)} · ${person.language_code ?? "?"}${unread ? ` (${unread})` : ""}`;
    return { value: person.id, label, selected: person.id === chosen.reader };
  });
  redraw("readers", options, ({ value, label, selected }) => make("option", { value, selected }, label));
  const person = world.people.get(chosen.reader);
  const toggle = find("block-toggle");
  toggle.disabled = !person;
  toggle.title = word(person?.blocked ? "unblock" : "block");
  toggle.setAttribute("aria-label", toggle.title);
  toggle.setAttribute("aria-pressed", String(Boolean(person?.blocked)));
}

function lastId(chat) {
  return Math.max(0, ...(chat?.messages.keys() ?? []));
}

function countUnread(person) {
  const messages = [...(world.chats.get(person.id)?.messages.values() ?? [])];
  return messages.filter(({ message_id, from }) => message_id > (seen.get(person.id) ?? 0) && from?.id !== person.id).length;
}

function renderEditors() {
  const editors = listEditors(findDesk()).map((person) => ({
    id: person.id,
    name: personName(person),
    isChosen: person.id === chosen.editor,
  }));
  redraw("editors", editors, ({ id, name, isChosen }) => {
    const look = { type: "button", "data-testid": "editor", "aria-pressed": String(isChosen) };
    return make("button", { ...look, onclick: () => chooseEditor(id) }, name);
  });
}

function chooseEditor(id) {
  chosen.editor = id;
  render();
}

// Only what changed is drawn anew: an open list would close, and a focused button would lose the focus.
function redraw(id, records, create) {
  const shown = JSON.stringify(records);
  if (drawn.get(id) === shown) return;
  drawn.set(id, shown);
  const parent = find(id);
  const focused = [...parent.children].indexOf(document.activeElement);
  parent.replaceChildren(...records.map(create));
  parent.children[focused]?.focus();
}

function renderTabs() {
  document.body.dataset.view = chosen.tab;
  if (chosen.tab === "desk" || !isNarrow()) deskSeen = lastId(findDesk());
  for (const tab of document.querySelectorAll(".tabs [role=tab]")) {
    const view = tab.dataset.view;
    tab.setAttribute("aria-selected", String(view === chosen.tab));
    tab.classList.toggle("unread", view === "desk" && lastId(findDesk()) > deskSeen);
  }
}

function isNarrow() {
  return matchMedia("(max-width: 860px)").matches;
}

function notify(text) {
  find("notices").replaceChildren();
  const toast = make("div", { class: "toast", "data-testid": "notice" }, text);
  find("notices").append(toast);
  setTimeout(() => toast.remove(), NOTICE_MS);
}

async function attempt(action, body, success) {
  try {
    const answer = await call(action, body);
    success?.(answer);
  } catch (error) {
    notify(word("failed", { reason: error.message }));
  }
}

function publish(language) {
  chosen.published = language;
  attempt("publish", { language }, ({ article }) => notify(word("published", { title: article.title })));
}

find("publish-kk").addEventListener("click", () => publish("kk"));
find("publish-ru").addEventListener("click", () => publish("ru"));
find("correct-title").addEventListener("click", () =>
  attempt("correct", { language: chosen.published }, ({ article }) => notify(word("corrected", { title: article.title }))),
);
find("new-reader").addEventListener("click", () => {
  const language_code = pageLanguage();
  const names = NEW_READERS[language_code];
  const taken = new Set([...world.people.values()].map(({ first_name }) => first_name));
  const first_name = names.find((name) => !taken.has(name)) ?? `${names[newcomers % names.length]} ${(newcomers += 1) + 1}`;
  attempt("people", { first_name, language_code }, ({ person }) => {
    world.people.set(person.id, person);
    chosen.reader = person.id;
    render();
  });
});
find("readers").addEventListener("change", ({ target }) => {
  chosen.reader = Number(target.value);
  render();
});
find("block-toggle").addEventListener("click", () => {
  const person = world.people.get(chosen.reader);
  attempt(person.blocked ? "unblock" : "block", { user_id: person.id });
});
find("block-toggle").append(icon("block"));
find("quote-button").prepend(icon("quote"));
for (const button of document.querySelectorAll("[data-ui]")) {
  button.addEventListener("click", () => {
    choosePageLanguage(button.dataset.ui);
    render();
  });
}
for (const tab of document.querySelectorAll(".tabs [role=tab]")) {
  tab.addEventListener("click", () => {
    chosen.tab = tab.dataset.view;
    render();
  });
}
offerQuotes(find("quote-button"), (element, quote) => {
  const panel = find("reader-chat").contains(element) ? reader : desk;
  panel.startReply(Number(element.dataset.messageId), quote);
});

let isDue = false;

// A burst of events is drawn once.
function renderSoon() {
  if (isDue) return;
  isDue = true;
  setTimeout(() => {
    isDue = false;
    render();
  });
}

render();
follow(
  (event) => {
    if (event) {
      reader.onEvent(event);
      desk.onEvent(event);
    }
    renderSoon();
  },
  (isThere) => (find("away").hidden = isThere),
);

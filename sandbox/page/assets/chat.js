// One chat as one person sees it: header, topics, messages, reply bar, composer. The reader's phone and the desk's
// window are both made of this.

import { arrange, icon, make } from "./dom.js";
import { renderMessage, summarize } from "./message.js";
import { call, listCommands, personName, world } from "./world.js";
import { formatDay, pageLanguage, word } from "./words.js";

const NEAR_END_PX = 80;
const TYPING_MS = 5000;
const NOTICE_MS = 3000; // it stands over the last message
const ANSWER_MS = 15000; // a client stops waiting for an answer to a press
const QUOTE_LIMIT = 1024; // ReplyParameters.quote
const KINDS = ["photo", "voice", "sticker", "video", "document", "location", "contact"];

export class ChatPanel {
  /**
   * `root` is the element to fill; `name` ("reader" or "desk") begins the test hooks of its parts.
   * `person()` is who looks at the chat, `chat()` the chat or null, `alert(text)` shows a modal answer.
   */
  constructor(root, { name, person, chat, alert }) {
    this.root = root;
    this.name = name;
    this.person = person;
    this.chat = chat;
    this.alert = alert;
    this.topic = null; // null: all topics
    this.reply = null; // {message, quote: {text, position} | null, isEdit}
    this.busy = new Map(); // "message_id data" -> timer
    this.rendered = new Map(); // message_id -> {message, look, element}
    this.drafts = new Map(); // who and where -> text not yet sent
    this.place = null;
    this.typingTimer = null;
    this.build();
  }

  build() {
    const hook = (part) => `${this.name}-${part}`;
    this.title = make("strong", { class: "title" });
    this.subtitle = make("span", { class: "subtitle" });
    this.avatar = make("span", { class: "avatar", "aria-hidden": "true" }, make("img", { src: "/page/icon.svg", alt: "" }));
    this.topics = make("div", { class: "topics", role: "tablist", hidden: true });
    this.list = make("ol", { class: "messages", role: "log", "aria-live": "polite", tabindex: "0" });
    this.notices = make("div", { class: "notices", role: "status", "aria-live": "polite" });
    this.barSign = make("span", { class: "sign" });
    this.barName = make("strong");
    this.barText = make("span");
    this.barClose = make("button", { type: "button", class: "icon", onclick: () => this.cancelReply() }, "✕");
    this.bar = make(
      "div",
      { class: "quote-bar", "data-testid": this.name === "reader" ? "quote-bar" : hook("quote-bar"), hidden: true },
      this.barSign,
      make("div", {}, this.barName, this.barText),
      this.barClose,
    );
    this.toEnd = make("button", { type: "button", class: "to-end", onclick: () => this.scrollToEnd(), hidden: true }, icon("end"));
    this.menu = make("ul", { class: "menu", "data-testid": hook("menu"), hidden: true });
    this.menuButton = make(
      "button",
      { type: "button", class: "icon", "data-testid": hook("commands"), "aria-expanded": "false", onclick: () => this.toggleCommands() },
      "/",
    );
    this.attachButton = make(
      "button",
      { type: "button", class: "icon", "data-testid": hook("attach"), "aria-expanded": "false", onclick: () => this.toggleAttachments() },
      icon("attach"),
    );
    this.input = make("textarea", {
      rows: "1",
      "data-testid": hook("input"),
      oninput: () => this.onInput(),
      onkeydown: (event) => this.onKey(event),
    });
    this.sendButton = make("button", { class: "icon send", "data-testid": hook("send") }, icon("send"));
    this.composer = make(
      "form",
      { class: "composer", onsubmit: (event) => this.onSubmit(event) },
      this.attachButton,
      this.input,
      this.menuButton,
      this.sendButton,
    );
    this.bigButton = make("button", { type: "button", class: "big primary", "data-testid": hook("start"), hidden: true });
    this.bigButton.addEventListener("click", () => this.onBigButton());
    this.root.append(
      make("header", { class: "head" }, this.avatar, make("div", {}, this.title, this.subtitle)),
      this.topics,
      this.list,
      make("div", { class: "below" }, this.notices, this.toEnd, this.menu, this.bar, this.composer, this.bigButton),
    );
    this.root.addEventListener("keydown", ({ key }) => key === "Escape" && this.onEscape());
    this.stick = true;
    this.lastTop = 0;
    this.list.addEventListener("scroll", () => this.onScroll());
    // Pictures and previews arrive after their message: what was at the end stays at the end.
    new ResizeObserver(() => this.stick && this.scrollToEnd()).observe(this.list);
    this.grown = new ResizeObserver(() => this.stick && this.scrollToEnd());
  }

  /** Shows what the world holds now. */
  render() {
    const chat = this.chat();
    this.changePlace(chat);
    this.renderHead(chat);
    this.renderTopics(chat);
    this.renderMessages(chat);
    this.renderBelow(chat);
    if (this.stick) this.scrollToEnd();
  }

  /** Takes in what an event says beyond the state of the world. */
  onEvent(event) {
    const chat = this.chat();
    if (event.type === "message" && event.message.chat_id === chat?.id && event.message.from?.is_bot) this.hideTyping();
    if (!chat || event.chat_id !== chat.id) return;
    if (event.type === "action") this.showTyping();
    if (event.type === "callback_answer") this.takeAnswer(event);
    if (event.type === "deleted" && event.message_ids.includes(this.reply?.message.message_id)) this.setReply(null);
  }

  takeAnswer({ message_id, user_id, text, show_alert }) {
    if (user_id !== this.person()?.id) return;
    for (const key of [...this.busy.keys()]) if (key.startsWith(`${message_id} `)) this.setBusy(key, false);
    if (!text) return;
    if (show_alert) this.alert(text);
    else this.notify(text);
  }

  /** A short notice over the chat. */
  notify(text) {
    const toast = make("div", { class: "toast", "data-testid": "toast" }, text);
    this.notices.replaceChildren(toast);
    setTimeout(() => toast.remove(), NOTICE_MS);
  }

  /** Answers a message, or the part of it given by `quote` {text, position}. */
  startReply(messageId, quote) {
    const message = this.chat()?.messages.get(messageId);
    if (!message) return;
    if (quote && quote.text.length > QUOTE_LIMIT) {
      this.notify(word("quoteTooLong"));
      return;
    }
    this.setReply({ message, quote, isEdit: false });
    this.input.focus();
  }

  /** Takes the person's own message back into the composer. */
  startEdit(message) {
    this.setReply({ message, quote: null, isEdit: true });
    this.input.value = message.text;
    this.onInput();
    this.input.focus();
  }

  setReply(reply) {
    this.reply = reply;
    this.bar.hidden = !reply;
    this.barSign.replaceChildren(icon(reply?.isEdit ? "edit" : reply?.quote ? "quote" : "reply"));
    this.barName.textContent = reply ? (reply.isEdit ? word("edit") : personName(reply.message.from)) : "";
    this.barText.textContent = reply ? (reply.quote?.text ?? summarize(reply.message)) : "";
  }

  changePlace(chat) {
    const place = `${this.person()?.id} ${chat?.id ?? this.person()?.id}`;
    if (place === this.place) return;
    this.drafts.set(this.place, this.input.value);
    this.place = place;
    this.input.value = this.drafts.get(place) ?? "";
    this.setReply(null);
    this.hideMenu();
    this.hideTyping();
    this.notices.replaceChildren();
    this.rendered.clear();
    this.stick = true;
  }

  renderHead(chat) {
    const isGroup = chat && chat.type !== "private";
    const bot = world.bot;
    const language = this.person()?.language_code ?? "";
    const name = isGroup ? chat.title : (bot?.names?.[language] ?? bot?.names?.[""] ?? bot?.first_name ?? "");
    this.title.textContent = name;
    if (!this.typingTimer) this.subtitle.textContent = isGroup ? word("members", { n: this.countMembers(chat) }) : word("bot");
    if (isGroup) this.avatar.textContent = name.slice(0, 1);
    this.list.setAttribute("aria-label", name);
    this.topics.setAttribute("aria-label", word("topics"));
  }

  countMembers(chat) {
    const isThere = chat.bot_status === "administrator" || chat.bot_status === "member";
    return chat.members.filter((id) => id !== world.bot?.id).length + (isThere ? 1 : 0);
  }

  renderTopics(chat) {
    const topics = chat?.is_forum ? (chat.topics ?? []) : [];
    this.topics.hidden = topics.length === 0;
    if (!topics.some((topic) => topic.message_thread_id === this.topic)) this.topic = null;
    const tabs = [{ message_thread_id: null, name: word("allTopics") }, ...topics];
    const shown = JSON.stringify([tabs, this.topic]);
    if (shown === this.shownTopics) return;
    this.shownTopics = shown;
    this.topics.replaceChildren(
      ...tabs.map(({ message_thread_id: id, name, is_closed }) =>
        make(
          "button",
          {
            type: "button",
            role: "tab",
            "data-testid": "topic",
            "aria-selected": String(id === this.topic),
            onclick: () => this.openTopic(id),
          },
          is_closed ? `🔒 ${name}` : name,
        ),
      ),
    );
  }

  openTopic(id) {
    this.topic = id;
    this.stick = true;
    this.render();
  }

  renderMessages(chat) {
    const messages = [...(chat?.messages.values() ?? [])].filter((message) => this.isInTopic(message));
    const nodes = [];
    let day = null;
    for (const message of messages) {
      const thisDay = formatDay(message.date);
      if (thisDay !== day) nodes.push(this.reuse(`day ${thisDay}`, thisDay, () => make("li", { class: "day" }, make("span", {}, thisDay))));
      day = thisDay;
      nodes.push(this.reuse(message.message_id, message, () => renderMessage(message, this.viewOf(message, chat))));
    }
    if (!nodes.length) nodes.push(...this.renderEmpty(chat));
    arrange(this.list, nodes);
    const shown = new Set(nodes);
    for (const [key, { element }] of this.rendered) if (!shown.has(element)) this.forget(key, element);
  }

  // The same element as long as the message, the page's language and the person are the same.
  reuse(key, message, create) {
    const look = `${pageLanguage()} ${this.place} ${this.topic}`;
    const known = this.rendered.get(key);
    if (known && known.message === message && known.look === look) return known.element;
    const element = create();
    this.grown.observe(element);
    this.rendered.set(key, { message, look, element });
    return element;
  }

  forget(key, element) {
    this.rendered.delete(key);
    this.grown.unobserve(element);
  }

  isInTopic(message) {
    return this.topic === null || message.message_thread_id === this.topic;
  }

  viewOf(message, chat) {
    return {
      isOwn: message.from?.id === this.person()?.id,
      isGroup: chat.type !== "private",
      topicName: this.topic === null ? this.findTopicName(message, chat) : null,
      isBusy: (data) => this.busy.has(`${message.message_id} ${data}`),
      onCommand: (text) => this.say(text),
      onPress: (button) => this.press(message, button),
      onReply: () => this.startReply(message.message_id, null),
      onEdit: () => this.startEdit(message),
      onJump: (id) => this.jumpTo(id),
    };
  }

  findTopicName(message, chat) {
    const id = message.is_topic_message ? message.message_thread_id : null;
    return chat.topics?.find((topic) => topic.message_thread_id === id)?.name ?? null;
  }

  renderEmpty(chat) {
    if (this.name === "desk") {
      return [make("li", { class: "service" }, make("span", {}, word(chat ? "quietDesk" : "noDesk")))];
    }
    const language = this.person()?.language_code ?? "";
    const texts = world.bot?.descriptions ?? {};
    return [
      make(
        "li",
        { class: "intro" },
        make("img", { src: "/page/icon.svg", alt: "", width: "72", height: "72" }),
        make("strong", {}, word("whatCan")),
        make("span", { "data-testid": "description" }, texts[language] || texts[""] || word("noDescription")),
      ),
    ];
  }

  renderBelow(chat) {
    const person = this.person();
    const isBlocked = this.name === "reader" && Boolean(person?.blocked);
    const isNew = this.name === "reader" && !chat?.messages.size;
    const isShut = this.name === "desk" && !chat;
    this.bigButton.hidden = !person || !(isBlocked || isNew);
    this.bigButton.textContent = word(isBlocked ? "unblock" : "start");
    this.composer.hidden = !person || isShut || isBlocked || isNew;
    if (this.composer.hidden) this.setReply(null);
    this.label(this.input, word(this.name === "desk" ? "deskMessage" : "message"));
    this.input.placeholder = this.input.getAttribute("aria-label");
    this.label(this.menuButton, word("commands"));
    this.label(this.attachButton, word("attach"));
    this.label(this.sendButton, word("send"));
    this.label(this.barClose, word("cancel"));
    this.label(this.toEnd, word("toEnd"));
    this.menuButton.hidden = !chat || !person || !listCommands(chat, person).length;
  }

  label(element, text) {
    element.setAttribute("aria-label", text);
    element.title = text;
  }

  onBigButton() {
    const person = this.person();
    if (person.blocked) this.attempt(call("unblock", { user_id: person.id }));
    else this.say("/start");
  }

  onSubmit(event) {
    event.preventDefault();
    const text = this.input.value;
    if (!text.trim()) return;
    this.input.value = "";
    this.onInput();
    const reply = this.reply;
    this.setReply(null);
    this.say(text, reply).then((sent) => {
      if (sent || this.input.value) return;
      this.input.value = text;
      this.setReply(reply);
    });
  }

  /** Says `text` as the person, or gives it to the message being edited; resolves with whether it went. */
  say(text, reply = null) {
    const person = this.person();
    if (reply?.isEdit) {
      const { chat_id, message_id } = reply.message;
      return this.attempt(call("edit", { user_id: person.id, chat_id, message_id, text }));
    }
    this.stick = true;
    this.hideMenu();
    const body = { user_id: person.id, chat_id: this.chat()?.id ?? person.id, text };
    if (this.topic !== null) body.thread_id = this.topic;
    if (reply) {
      body.reply_to = reply.message.message_id;
      if (reply.message.message_thread_id && reply.message.is_topic_message) body.thread_id = reply.message.message_thread_id;
    }
    if (reply?.quote) body.quote = reply.quote;
    return this.attempt(call("say", body));
  }

  press(message, button) {
    if (button.copy_text) this.copy(button.copy_text.text);
    if (button.callback_data === undefined) return;
    const key = `${message.message_id} ${button.callback_data}`;
    if (this.busy.has(key)) return;
    this.setBusy(key, true);
    const body = { user_id: this.person().id, chat_id: message.chat_id, message_id: message.message_id, data: button.callback_data };
    this.attempt(call("press", body)).then((pressed) => pressed || this.setBusy(key, false));
  }

  setBusy(key, isBusy) {
    clearTimeout(this.busy.get(key));
    if (isBusy) this.busy.set(key, setTimeout(() => this.setBusy(key, false), ANSWER_MS));
    else this.busy.delete(key);
    const [messageId, ...data] = key.split(" ");
    const element = this.rendered.get(Number(messageId))?.element;
    for (const button of element?.querySelectorAll("[data-callback]") ?? []) {
      if (button.dataset.callback !== data.join(" ")) continue;
      if (isBusy) button.setAttribute("aria-busy", "true");
      else button.removeAttribute("aria-busy");
    }
  }

  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.notify(word("copied", { text }));
    } catch {
      this.notify(word("notCopied", { text }));
    }
  }

  async attempt(promise) {
    try {
      await promise;
      return true;
    } catch (error) {
      this.notify(word("failed", { reason: error.message }));
      return false;
    }
  }

  toggleCommands() {
    if (this.menu.hidden) this.showCommands("");
    else this.hideMenu();
  }

  showCommands(prefix) {
    const chat = this.chat();
    const found = chat ? listCommands(chat, this.person()).filter(({ command }) => command.startsWith(prefix)) : [];
    this.showMenu(
      found.map(({ command, description }) => ({
        sign: `/${command}`,
        text: description,
        choose: () => {
          this.input.value = "";
          this.say(`/${command}`);
        },
      })),
      this.menuButton,
    );
  }

  toggleAttachments() {
    if (!this.menu.hidden) {
      this.hideMenu();
      return;
    }
    const person = this.person();
    const where = { user_id: person.id, chat_id: this.chat()?.id ?? person.id };
    if (this.topic !== null) where.thread_id = this.topic;
    const items = KINDS.map((kind) => ({
      sign: "",
      text: word(kind),
      choose: () => {
        this.hideMenu();
        this.stick = true;
        const reply = this.reply ? { reply_to: this.reply.message.message_id } : {};
        this.setReply(null);
        this.attempt(call("send", { ...where, ...reply, kind }));
      },
    }));
    this.showMenu(items, this.attachButton);
  }

  showMenu(items, opener) {
    this.hideMenu();
    if (!items.length) return;
    this.menu.replaceChildren(
      ...items.map(({ sign, text, choose }) =>
        make("li", {}, make("button", { type: "button", onclick: choose }, sign && make("code", {}, sign), make("span", {}, text))),
      ),
    );
    this.menu.hidden = false;
    opener.setAttribute("aria-expanded", "true");
  }

  hideMenu() {
    this.menu.hidden = true;
    this.menuButton.setAttribute("aria-expanded", "false");
    this.attachButton.setAttribute("aria-expanded", "false");
  }

  onInput() {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight}px`;
    const typed = /^\/(\w*)$/.exec(this.input.value);
    if (typed) this.showCommands(typed[1]);
    else this.hideMenu();
  }

  onKey(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.composer.requestSubmit();
  }

  onEscape() {
    if (!this.menu.hidden) this.hideMenu();
    else this.cancelReply();
  }

  cancelReply() {
    if (this.reply?.isEdit) this.input.value = "";
    this.setReply(null);
  }

  showTyping() {
    clearTimeout(this.typingTimer);
    this.subtitle.textContent = word("typing");
    this.typingTimer = setTimeout(() => this.hideTyping(), TYPING_MS);
  }

  hideTyping() {
    clearTimeout(this.typingTimer);
    this.typingTimer = null;
    this.renderHead(this.chat());
  }

  jumpTo(messageId) {
    const element = this.rendered.get(messageId)?.element;
    if (!element) return;
    element.scrollIntoView({ block: "center", behavior: "smooth" });
    element.classList.add("shown");
    setTimeout(() => element.classList.remove("shown"), 1500);
  }

  isAtEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR_END_PX;
  }

  scrollToEnd() {
    this.list.scrollTop = this.list.scrollHeight;
    this.lastTop = this.list.scrollTop;
  }

  // Only scrolling up leaves the end: a chat that grows between a scroll and its event would look left as well.
  onScroll() {
    const top = this.list.scrollTop;
    if (this.isAtEnd()) this.stick = true;
    else if (top < this.lastTop) this.stick = false;
    this.lastTop = top;
    this.toEnd.hidden = this.stick;
  }
}

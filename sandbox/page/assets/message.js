// One message as a bubble with its buttons.

import { icon, make, safeLink } from "./dom.js";
import { isAbove, renderPreview } from "./preview.js";
import { renderRich } from "./rich.js";
import { personName } from "./world.js";
import { formatTime, word } from "./words.js";

const MEDIA = {
  photo: "🖼",
  voice: "🎤",
  sticker: "🙂",
  video: "🎬",
  document: "📄",
  audio: "🎵",
  animation: "🎞",
  video_note: "📹",
  location: "📍",
  poll: "📊",
  dice: "🎲",
  venue: "📍",
  story: "✨",
};
const COLOURS = 7;

/**
 * The element of `message`.
 *
 * `view` says how it is seen: `isOwn`, `isGroup`, `topicName` (where it needs saying), `isBusy(data)`, and what pressing does: `onCommand(text)`,
 * `onPress(button)`, `onReply()`, `onEdit()`, `onJump(message_id)`.
 */
export function renderMessage(message, view) {
  const attributes = { "data-testid": "message", "data-message-id": message.message_id };
  const service = describeService(message);
  if (service) return make("li", { ...attributes, class: "service" }, make("span", {}, service));
  const kind = view.isOwn ? "own" : "other";
  return make(
    "li",
    { ...attributes, class: `message ${kind}` },
    make(
      "div",
      { class: "bubble", ondblclick: (event) => event.target.closest(".text, button, a") || view.onReply() },
      renderSender(message, view),
      renderOrigin(message),
      renderReply(message, view),
      renderBody(message, view),
      renderFoot(message),
    ),
    make(
      "button",
      { type: "button", class: "reply", title: word("reply"), "aria-label": word("reply"), onclick: view.onReply },
      icon("reply"),
    ),
    view.isOwn && message.text !== undefined && renderEditButton(view),
    renderKeyboard(message, view),
  );
}

function renderEditButton(view) {
  const look = { class: "reply edit", "data-testid": "edit", title: word("edit"), "aria-label": word("edit") };
  return make("button", { ...look, type: "button", onclick: view.onEdit }, icon("edit"));
}

/** What a message says in one line, for reply bars and headers. */
export function summarize(message) {
  const kind = findKind(message);
  const text = message.text ?? message.caption ?? message.contact?.first_name ?? "";
  return kind ? `${MEDIA[kind]} ${text || word(kind)}` : text || word("service");
}

function findKind(message) {
  return Object.keys(MEDIA).find((kind) => message[kind] !== undefined && message[kind] !== null);
}

function renderBody(message, view) {
  const text = message.text ?? message.caption;
  const entities = message.entities ?? message.caption_entities;
  const words = text !== undefined && make("div", { class: "text" }, renderRich(text, entities, view.onCommand));
  const preview = renderPreview(message);
  return [
    renderContact(message.contact),
    renderMedia(message),
    isAbove(message) && preview,
    words,
    !isAbove(message) && preview,
  ];
}

function renderMedia(message) {
  const kind = findKind(message);
  if (!kind) return null;
  const emoji = message[kind].emoji ?? MEDIA[kind];
  return make("div", { class: `media ${kind}` }, make("span", { "aria-hidden": "true" }, emoji), word(kind));
}

function renderContact(contact) {
  if (!contact) return null;
  const number = contact.phone_number;
  return make(
    "div",
    { class: "contact" },
    make("span", { class: "avatar", "aria-hidden": "true" }, "☎"),
    make("strong", {}, personName(contact)),
    make("a", { href: `tel:${number}` }, number),
  );
}

function renderSender(message, view) {
  if (!view.isGroup) return null;
  const name = !view.isOwn && make("strong", { class: `c${message.from.id % COLOURS}` }, personName(message.from));
  const topic = view.topicName && make("span", { class: "topic" }, view.topicName);
  return (name || topic) && make("div", { class: "sender" }, name, topic);
}

function renderOrigin({ forward_origin: origin }) {
  if (!origin) return null;
  const name = personName(origin.sender_user) || origin.sender_user_name || origin.chat?.title || "";
  return make("div", { class: "origin" }, word("forwarded", { name }));
}

function renderReply(message, view) {
  const replied = message.reply_to_message;
  // In a topic the service message that opened it counts as replied to; that is no reply of a person.
  if ((!replied || replied.forum_topic_created) && !message.external_reply) return null;
  const origin = message.external_reply?.origin;
  const name = replied ? personName(replied.from) : personName(origin?.sender_user) || origin?.chat?.title || "";
  const text = message.quote?.text ?? (replied ? summarize(replied) : "");
  return make(
    "button",
    {
      type: "button",
      class: message.quote ? "reply-to quoted" : "reply-to",
      onclick: () => replied && view.onJump(replied.message_id),
    },
    make("strong", {}, name),
    make("span", {}, text),
  );
}

function renderFoot(message) {
  const reactions = (message.reaction ?? []).map(({ emoji }) => make("span", { class: "reaction" }, emoji ?? "★"));
  return make(
    "div",
    { class: "foot" },
    reactions,
    message.edit_date && make("span", { "data-testid": "edited" }, word("edited")),
    make("time", { datetime: new Date(message.date * 1000).toISOString() }, formatTime(message.date)),
  );
}

function renderKeyboard(message, view) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return make(
    "div",
    { class: "keyboard" },
    rows.map((row) => make("div", { class: "row" }, row.map((button) => renderButton(button, view)))),
  );
}

function renderButton(button, view) {
  const look = { class: `inline ${button.style ?? ""}`, "data-testid": "inline-button" };
  if (button.url !== undefined) {
    const href = safeLink(button.url);
    return make("a", { ...look, href, target: "_blank", rel: "noopener noreferrer" }, button.text, corner("link"));
  }
  const busy = button.callback_data !== undefined && view.isBusy(button.callback_data);
  return make(
    "button",
    {
      ...look,
      type: "button",
      "data-callback": button.callback_data,
      "aria-busy": busy ? "true" : null,
      onclick: () => view.onPress(button),
    },
    button.text,
    button.copy_text && corner("copy"),
  );
}

function corner(sign) {
  return make("span", { class: "corner" }, icon(sign));
}

function describeService(message) {
  if (message.forum_topic_created) return word("topicCreated", { name: message.forum_topic_created.name });
  if (message.forum_topic_edited) return word("topicEdited", { name: message.forum_topic_edited.name ?? "" });
  if (message.forum_topic_closed) return word("topicClosed");
  if (message.forum_topic_reopened) return word("topicReopened");
  if (message.new_chat_members) return word("joined", { name: message.new_chat_members.map(nameMember).join(", ") });
  if (message.left_chat_member) return word("left", { name: nameMember(message.left_chat_member) });
  if (message.pinned_message) return word("pinned");
  if (message.group_chat_created || message.supergroup_chat_created) return word("groupCreated");
  if (message.migrate_to_chat_id || message.migrate_from_chat_id) return word("migrated");
  const shown = message.text ?? message.caption ?? message.contact ?? findKind(message);
  return shown === undefined ? word("service") : null;
}

function nameMember(user) {
  return user.is_bot ? `${personName(user)} (${word("bot")})` : personName(user);
}

// Text with entities as elements. The elements' text is exactly the message's text, so that a selection's place in it
// is its place in the message, in UTF-16 units, which is also how JavaScript counts.

import { make, safeLink } from "./dom.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};
const BLOCKS = new Set(["blockquote", "expandable_blockquote", "pre"]);

/** The nodes of `text`; `onCommand(text)` is called when a person presses a /command in it. */
export function renderRich(text, entities = [], onCommand = () => {}) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return renderRange(text, 0, text.length, sorted, onCommand);
}

function renderRange(text, start, end, entities, onCommand) {
  const nodes = [];
  let at = start;
  let rest = entities;
  while (rest.length) {
    const [entity, ...others] = rest;
    const from = Math.max(entity.offset, at);
    const to = Math.min(entity.offset + entity.length, end);
    if (to <= from) {
      rest = others;
      continue;
    }
    if (from > at) nodes.push(text.slice(at, from));
    const inner = others.filter((other) => other.offset < to);
    const element = wrap(entity, text.slice(from, to), onCommand);
    element.append(...renderRange(text, from, to, inner, onCommand));
    nodes.push(element);
    at = to;
    if (BLOCKS.has(entity.type) && text[at] === "\n" && at < end) {
      // A block breaks the line by itself; the newline stays in the text, unseen, to keep places right.
      nodes.push(make("span", { class: "unseen" }, "\n"));
      at += 1;
    }
    rest = others.filter((other) => other.offset + other.length > at);
  }
  if (at < end) nodes.push(text.slice(at, end));
  return nodes;
}

function wrap(entity, text, onCommand) {
  switch (entity.type) {
    case "text_link":
      return makeLink(entity.url);
    case "url":
      return makeLink(/^[a-z]+:/i.test(text) ? text : `https://${text}`);
    case "email":
      return makeLink(`mailto:${text}`);
    case "phone_number":
      return makeLink(`tel:${text.replace(/[^+\d]/g, "")}`);
    case "bot_command":
      // A link and not a button: a person can select over it.
      return make("a", {
        class: "command",
        role: "link",
        tabindex: "0",
        onclick: () => onCommand(text),
        onkeydown: ({ key }) => key === "Enter" && onCommand(text),
      });
    case "spoiler":
      return make("span", { class: "spoiler", tabindex: "0" });
    case "mention":
    case "text_mention":
    case "hashtag":
    case "cashtag":
      return make("span", { class: "mention" });
    default:
      return make(TAGS[entity.type] ?? "span");
  }
}

function makeLink(url) {
  const href = safeLink(url);
  return href ? make("a", { href, target: "_blank", rel: "noopener noreferrer" }) : make("span");
}

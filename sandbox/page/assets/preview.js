// The card of a linked page. Only the demo site on this server is read; other links get a card without contents.

import { make, safeLink } from "./dom.js";

const known = new Map(); // url -> promise of {site, title, description, picture}

/** The card for a message, or null when it has none. */
export function renderPreview(message) {
  const options = message.link_preview_options ?? {};
  if (options.is_disabled || message.text === undefined) return null;
  const url = safeLink(options.url ?? firstLink(message));
  if (!url) return null;
  const card = make("a", {
    class: options.prefer_large_media ? "preview large" : "preview",
    href: url,
    target: "_blank",
    rel: "noopener noreferrer",
  });
  fill(card, url, message.edit_date);
  return card;
}

/** Whether the card stands above the text. */
export function isAbove(message) {
  return Boolean(message.link_preview_options?.show_above_text);
}

function firstLink(message) {
  for (const { type, url, offset, length } of message.entities ?? []) {
    if (type === "text_link" && /^https?:/.test(url)) return url;
    if (type === "url") {
      const text = message.text.slice(offset, offset + length);
      if (/^https?:/.test(text)) return text;
    }
  }
  return null;
}

async function fill(card, url, version) {
  const page = await readPage(url, version);
  card.append(
    make("span", { class: "site" }, page.site),
    page.title && make("strong", {}, page.title),
    page.description && make("span", { class: "description" }, page.description),
    page.picture ? make("img", { src: page.picture, alt: "" }) : make("span", { class: "no-picture" }),
  );
}

function readPage(url, version = 0) {
  const key = `${url} ${version}`;
  if (!known.has(key)) known.set(key, fetchPage(new URL(url)));
  return known.get(key);
}

async function fetchPage(url) {
  const unknown = { site: url.host, title: "", description: "", picture: null };
  if (!url.pathname.startsWith("/news/")) return unknown;
  try {
    const response = await fetch(url.pathname);
    if (!response.ok) return unknown;
    // A parsed document that is never shown: nothing in it runs or loads.
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const read = (name) => page.querySelector(`meta[property="og:${name}"]`)?.content ?? "";
    const picture = read("image");
    return {
      site: read("site_name") || url.host,
      title: read("title"),
      description: read("description"),
      picture: picture ? new URL(picture).pathname : null,
    };
  } catch {
    return unknown;
  }
}

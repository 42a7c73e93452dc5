// Making elements. Text is only ever set as text: nothing in this page parses what people write.

/** An element with attributes, `on…` handlers and children; strings become text nodes, null and false are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";
// Drawn here, so that the page looks the same where no font has such signs. On a field of 24 × 24.
const ICONS = {
  attach: "M20 11.5l-8.2 8.2a5.2 5.2 0 0 1-7.4-7.4l8.6-8.6a3.5 3.5 0 0 1 5 5l-8.6 8.6a1.8 1.8 0 0 1-2.5-2.5l7.7-7.7",
  block: "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17M6 6l12 12",
  copy: "M9 9h10.5v10.5H9zM5 15H4.5V4.5H15V5",
  edit: "M4 20l1.2-4.2L16 5l3 3L8.2 18.8zM14 7l3 3",
  end: "M6 10l6 6 6-6",
  link: "M8 16L17.5 6.5M9.5 6.5h8v8",
  quote: "M10 7C6.8 8 5 10.4 5 13.5V17h5v-4.5H6M19 7c-3.2 1-5 3.4-5 6.5V17h5v-4.5h-4",
  reply: "M10 5.5L4 11.5l6 6M4.5 11.5H14a6 6 0 0 1 6 6v1",
  send: "M4 4.5l16.5 7.5L4 19.5l2.5-7.5zM6.5 12h7",
};

/** The drawing called `name`. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "drawing");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Makes `parent` hold exactly `nodes`, touching only what differs, so that selection and focus stay. */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (parent.childNodes[index] !== node) parent.insertBefore(node, parent.childNodes[index] ?? null);
  });
}

/** `url` when a press may open it, else null. */
export function safeLink(url) {
  try {
    return ["http:", "https:", "tg:", "mailto:", "tel:"].includes(new URL(url).protocol) ? url : null;
  } catch {
    return null;
  }
}

// Selecting text within one message offers to quote it.

/** What is selected: {element of the message, text, position in UTF-16 units within the message's text}, or null. */
function readSelection() {
  const selection = document.getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0).cloneRange();
  const textOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest(".message .text");
  const text = textOf(range.startContainer) ?? textOf(range.endContainer);
  if (!text) return null;
  // A selection that leaves the message counts as far as the message goes.
  if (!text.contains(range.startContainer)) range.setStart(text, 0);
  if (!text.contains(range.endContainer)) range.setEnd(text, text.childNodes.length);
  const chosen = range.toString();
  const before = document.createRange();
  before.setStart(text, 0);
  before.setEnd(range.startContainer, range.startOffset);
  const trimmed = chosen.trim();
  if (!trimmed) return null;
  const position = before.toString().length + chosen.indexOf(trimmed);
  return { element: text.closest(".message"), box: range.getBoundingClientRect(), text: trimmed, position };
}

/** Makes `button` float over a selection; `onQuote(element of the message, {text, position})` when it is pressed. */
export function offerQuotes(button, onQuote) {
  let isDragging = false;

  const update = () => {
    const selected = isDragging ? null : readSelection();
    button.hidden = !selected;
    if (!selected) return;
    const { width, height } = button.getBoundingClientRect();
    const middle = selected.box.left + selected.box.width / 2 - width / 2;
    const above = selected.box.top - height - 8;
    button.style.left = `${Math.max(8, Math.min(middle, innerWidth - width - 8))}px`;
    button.style.top = `${above > 8 ? above : Math.min(selected.box.bottom + 8, innerHeight - height - 8)}px`;
  };

  document.addEventListener("selectionchange", update);
  document.addEventListener("scroll", update, true);
  document.addEventListener("pointerdown", ({ target }) => {
    isDragging = !button.contains(target);
    update();
  });
  for (const type of ["pointerup", "pointercancel"]) {
    document.addEventListener(type, () => {
      isDragging = false;
      // The selection a double click makes is there only after the event.
      setTimeout(update);
    });
  }
  // Pressing the button must not take the selection away before it is read.
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("mousedown", (event) => event.preventDefault());
  button.addEventListener("click", () => {
    const selected = readSelection();
    if (!selected) return;
    document.getSelection().removeAllRanges();
    button.hidden = true;
    onQuote(selected.element, { text: selected.text, position: selected.position });
  });
}

// What the server knows, kept up to date by its events, and the calls by which the page plays the people.

export const world = {
  bot: null,
  people: new Map(), // id -> PERSON
  chats: new Map(), // id -> CHAT, with `messages` as a Map of message_id -> MESSAGE
  commands: [],
};

let seq = -1;
let source = null;
let onChange = () => {};
let onConnection = () => {};
const RETRY_MS = 1500;

/** Calls the control API; resolves with its answer, rejects with an Error that carries the server's sentence. */
export async function call(action, body) {
  const response = await fetch(`/sandbox/${action}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `${response.status}`);
  return answer;
}

/** Starts following the server; `change(event | null)` after each event, null after a fresh state. */
export function follow(change, connection) {
  onChange = change;
  onConnection = connection;
  connect();
}

// The state is fetched anew at each connection instead of trusting the last event: the server may have been restarted.
async function connect() {
  source?.close();
  try {
    const response = await fetch("/sandbox/state");
    if (!response.ok) throw new Error(`${response.status}`);
    takeState(await response.json());
  } catch {
    retry();
    return;
  }
  onConnection(true);
  onChange(null);
  source = new EventSource(`/sandbox/events?after=${seq}`);
  source.onmessage = ({ data }) => takeEvent(JSON.parse(data));
  source.onerror = retry;
}

function retry() {
  source?.close();
  onConnection(false);
  setTimeout(connect, RETRY_MS);
}

function takeState(state) {
  seq = state.seq;
  world.bot = state.bot;
  world.people = new Map(state.people.map((person) => [person.id, person]));
  world.chats = new Map(state.chats.map((chat) => [chat.id, withMessages(chat, chat.messages)]));
  world.commands = state.commands;
}

function withMessages(chat, messages = []) {
  return { ...chat, messages: new Map(messages.map((message) => [message.message_id, message])) };
}

function takeEvent(event) {
  if (event.seq <= seq) return;
  seq = event.seq;
  switch (event.type) {
    case "message":
    case "edited":
      keepMessage(event.message);
      break;
    case "deleted":
      for (const id of event.message_ids) world.chats.get(event.chat_id)?.messages.delete(id);
      break;
    case "person":
      world.people.set(event.person.id, event.person);
      break;
    case "chat":
      keepChat(event.chat);
      break;
    case "commands":
      keepCommands(event);
      break;
    case "profile":
      world.bot = event.bot;
      break;
    case "reaction":
      keepReaction(event);
      break;
  }
  onChange(event);
}

function keepMessage(message) {
  const id = message.chat_id;
  if (!world.chats.has(id)) world.chats.set(id, withMessages({ ...message.chat, members: [], topics: [] }));
  world.chats.get(id).messages.set(message.message_id, message);
}

function keepChat(chat) {
  const known = world.chats.get(chat.id);
  world.chats.set(chat.id, { ...chat, messages: known?.messages ?? new Map() });
}

function keepCommands({ scope, language_code, commands }) {
  const key = JSON.stringify([scope.type, scope.chat_id, scope.user_id, language_code]);
  world.commands = world.commands.filter(
    (one) => JSON.stringify([one.scope.type, one.scope.chat_id, one.scope.user_id, one.language_code]) !== key,
  );
  if (commands.length) world.commands.push({ scope, language_code, commands });
}

function keepReaction({ chat_id, message_id, reaction }) {
  const messages = world.chats.get(chat_id)?.messages;
  const message = messages?.get(message_id);
  if (message) messages.set(message_id, { ...message, reaction });
}

/** The group the desk works in: the newest that did not move elsewhere. */
export function findDesk() {
  const groups = [...world.chats.values()].filter((chat) => chat.type !== "private" && !chat.migrated_to);
  return groups.at(-1) ?? null;
}

/** The people who are no members of any group, in the order they came. */
export function listReaders() {
  const members = new Set([...world.chats.values()].flatMap((chat) => (chat.type === "private" ? [] : chat.members)));
  return [...world.people.values()].filter((person) => !person.is_bot && !members.has(person.id));
}

/** The human members of a group. */
export function listEditors(chat) {
  return (chat?.members ?? []).map((id) => world.people.get(id)).filter((person) => person && !person.is_bot);
}

export function personName(user) {
  return [user?.first_name, user?.last_name].filter(Boolean).join(" ");
}

// The order in which Telegram looks for commands: https://core.telegram.org/bots/api#determining-list-of-commands
export function listCommands(chat, person) {
  const scopes = chat.type === "private" ? ["chat", "all_private_chats"] : ["chat", "all_group_chats"];
  for (const type of [...scopes, "default"]) {
    for (const language of [person.language_code, ""]) {
      const found = world.commands.find(
        ({ scope, language_code }) =>
          scope.type === type && (type !== "chat" || scope.chat_id === chat.id) && (language_code ?? "") === language,
      );
      if (found?.commands.length) return found.commands;
    }
  }
  return [];
}

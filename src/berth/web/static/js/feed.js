/**
 * The change log as it grows. It goes on after the last change that was taken in, however often the connection is
 * lost, so nothing is missed and nothing comes twice. Whoever may not listen asks for the log's head now and then.
 */

import { Refused, address, asked, credentials, get } from "./api.js";
import { events } from "./events.js";
import { may } from "./session.js";

const KEPT = 500;
const POLL_MS = 4000;
const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;
const HIDDEN_MS = 5000;

/**
 * state: "off", "live", "asking" (now and then, for who may not listen) or "lost"; changes: the latest ones, oldest
 * first; begun: the number after which they begin; head: of the last change known; place: the id of the last event, which
 * says of which history it is.
 */
export const feed = { state: "off", head: 0, place: "0", begun: 0, changes: [], resets: 0 };

const listeners = new Set();
let wanted = false;
let running = null;
let leaving = 0;

/** Call this with each news: {change}, {state, before}, {reset} or {head}. Returns how to stop that. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(news) {
  for (const listener of [...listeners]) listener(news);
}

function become(state) {
  if (feed.state !== state) {
    const before = feed.state;
    feed.state = state;
    tell({ state, before });
  }
}

/** Follow the log from this change on. */
export function start(head) {
  stop();
  Object.assign(feed, { head, place: String(head), begun: head, changes: [] });
  wanted = true;
  connect();
  seen();
}

/** Follow it no more. */
export function stop() {
  wanted = false;
  disconnect();
}

function connect() {
  running = new AbortController();
  run(running.signal);
}

function disconnect() {
  running?.abort();
  running = null;
  become("off");
}

/**
 * A tab that nobody sees holds no connection: a browser has no more than six to one server, so with six tabs open a
 * seventh could not even be loaded. Once it is seen again it goes on where it was.
 */
function seen() {
  clearTimeout(leaving);
  if (document.hidden) leaving = setTimeout(disconnect, HIDDEN_MS);
  else if (wanted && running === null) connect();
}
document.addEventListener("visibilitychange", seen);

async function run(signal) {
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const before = feed.head;
    const began = Date.now();
    try {
      await (may("changes.list") ? stream(signal) : poll(signal));
    } catch (error) {
      if (signal.aborted || (error instanceof Refused && error.status === 401)) return;
    }
    if (signal.aborted) return;
    become("lost");
    pause = feed.head > before || Date.now() - began > SILENCE_MS ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS);
    await slept(pause, signal);
  }
}

async function stream(outer) {
  const connection = new AbortController();
  const signal = AbortSignal.any([outer, connection.signal]);
  const headers = { Accept: "text/event-stream", "Last-Event-ID": feed.place, ...credentials() };
  const answer = await asked(address("/changes/brief"), { headers, signal });
  become("live");
  let silence = setTimeout(() => connection.abort(), SILENCE_MS);
  try {
    for await (const event of events(answer.body)) {
      clearTimeout(silence);
      silence = setTimeout(() => connection.abort(), SILENCE_MS);
      if (event?.id) feed.place = event.id;
      if (event?.event === "reset") reset(JSON.parse(event.data).head);
      else if (event?.event === "change") take(JSON.parse(event.data));
    }
  } finally {
    clearTimeout(silence);
  }
}

function take(change) {
  if (change.number <= feed.head) return;
  feed.head = change.number;
  feed.changes.push(change);
  if (feed.changes.length > KEPT) feed.begun = feed.changes.shift().number;
  tell({ change });
}

/** The log does not continue from our place: what we have is of another history, or was archived. */
function reset(head) {
  Object.assign(feed, { head, begun: head, changes: [], resets: feed.resets + 1 });
  tell({ reset: head });
}

async function poll(signal) {
  while (!signal.aborted) {
    const { head } = await get("", {}, { signal });
    become("asking");
    if (head !== feed.head) {
      Object.assign(feed, { head, place: String(head) });
      tell({ head });
    }
    await slept(POLL_MS, signal);
  }
}

function slept(milliseconds, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });
}

/** Changes: the log as it grows. What was before comes page by page, what is new by itself, each exactly once. */

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { feed, listen } from "../feed.js";
import { moment, number } from "../format.js";
import { namesOf } from "../names.js";
import { sentence } from "../sentences.js";
import { may } from "../session.js";
import { empty, table, tr } from "../table.js";

const EARLIER = 50;
const MOST_ROWS = 500;

export const page = { title: "Changes", needs: "changes.list", show };

const STATES = {
  live: "Live: changes appear as they are made.",
  lost: "The connection is lost. Reconnecting: the list continues after the last change shown, so no change is missed.",
  asking: "You may not follow changes live: your roles lack the operation changes.list.",
  off: "",
};

async function show(view) {
  const parts = { said: h("p", { class: "said", role: "status" }), region: h("div"), names: new Map(), columns: [] };
  parts.columns = columnsWith(parts.names);
  view.root.append(parts.said, parts.region);
  const rows = new Rows(parts, view);
  const state = () => (parts.said.textContent = STATES[feed.state]);
  view.closing(listen((news) => (state(), rows.take(news))));
  view.closing(() => rows.close());
  state();
  let begun = false;
  // What is new comes by itself: only what was before has to be asked for, once.
  return async () => {
    if (begun) return;
    await rows.begin();
    begun = true;
  };
}

/** The rows that are shown, newest first, and no more than so many. */
class Rows {
  constructor(parts, view) {
    Object.assign(this, { parts, view, body: null, begins: 1, first: 0, frame: 0, earlier: null, drawn: Promise.resolve() });
  }

  async begin() {
    const news = feed.changes.slice();
    const until = news[0]?.number ?? feed.head + 1;
    const earlier = await this.before(until);
    this.first = earlier[0]?.number ?? until;
    const all = [...earlier, ...news];
    await this.learn(all, this.view.signal);
    this.shown = all.at(-1)?.number ?? feed.head;
    if (all.length) this.draw(all);
    else fill(this.parts.region, empty("Nothing has changed yet", "Every change of the ledger appears here."));
    this.take({});
  }

  async before(number) {
    const after = Math.max(this.begins - 1, number - 1 - EARLIER);
    if (number <= this.begins) return [];
    try {
      const page = await get("/changes/brief", { after, limit: Math.min(EARLIER, number - 1 - after) || 1 }, { signal: this.view.signal });
      return page.items.filter((change) => change.number < number);
    } catch (error) {
      const first = error.problem?.first; // what was before is in an archive
      if (error.type !== "changes-gone" || first <= this.begins) throw error;
      this.begins = first;
      return this.before(number);
    }
  }

  draw(changes) {
    const element = table({ caption: "Changes, newest first", sorted: false, columns: this.parts.columns, rows: changes.slice(-MOST_ROWS).reverse() });
    this.body = element.querySelector("tbody");
    this.earlier = this.first > this.begins ? this.more() : null;
    fill(this.parts.region, element, this.earlier);
  }

  more() {
    const earlier = async (event) => {
      event.target.disabled = true;
      const changes = await this.before(this.first).catch(() => []);
      await this.learn(changes);
      event.target.disabled = false;
      this.body.append(...changes.reverse().map((change) => tr(this.parts.columns, change)));
      this.first = changes.at(-1)?.number ?? this.first;
      this.earlier.hidden = this.first <= this.begins || this.body.rows.length >= MOST_ROWS;
    };
    return h("p", { class: "more" }, h("button", { type: "button", "data-key": "more", on: { click: earlier } }, "Show earlier"));
  }

  /** News of the feed: gathered, and drawn at most once a frame, one lot after the other, so that they keep their order. */
  take({ reset }) {
    if (this.shown === undefined) return;
    if (reset !== undefined) {
      this.shown = reset;
      this.first = 1;
      const why = "a backup was restored, a failover lost changes, or they were archived";
      const text = `The log was replaced: ${why}. Its last change is now ${number(reset)}.`;
      fill(this.parts.region, empty("The log was replaced", text));
      this.body = null;
      return;
    }
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.drawn = this.drawn.then(() => this.flush());
    });
  }

  async flush() {
    const news = feed.changes.filter((change) => change.number > this.shown);
    if (news.length === 0) return;
    this.shown = news.at(-1).number;
    await this.learn(news).catch(() => {});
    if (this.body === null) {
      this.draw(news);
      return;
    }
    for (const change of news) this.body.prepend(tr(this.parts.columns, change));
    if (this.body.rows.length > MOST_ROWS) this.trim(news.at(-1).number);
  }

  /** Let go of the oldest rows. There are no gaps in the log, so the last row is so many below the first. */
  trim(newest) {
    while (this.body.rows.length > MOST_ROWS) this.body.lastChild.remove();
    this.first = newest - MOST_ROWS + 1;
    if (this.earlier) this.earlier.hidden = true;
  }

  /** What the providers of these changes are called. */
  async learn(changes, signal = this.view.closed.signal) {
    if (!may("providers.list")) return;
    const uuids = changes.flatMap((change) => change.providers.first);
    for (const [uuid, name] of await namesOf(uuids, { signal })) this.parts.names.set(uuid, name);
  }

  close() {
    cancelAnimationFrame(this.frame);
  }
}

function columnsWith(names) {
  return [
    { label: "Number", numeric: true, head: true, cell: (change) => number(change.number) },
    { label: "When", cell: (change) => moment(change.at) },
    { label: "What happened", cell: (change) => h("div", { class: "sentence" }, sentence(change, names)) },
    { label: "Command", cell: (change) => h("small", {}, change.operation) },
    { label: "By", cell: (change) => change.actor || "unknown" },
  ];
}

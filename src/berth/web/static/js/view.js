/** One page while it is shown: filled when it is opened, when its address changes, and when the ledger does. */

import { fill, h } from "./dom.js";
import { may, session } from "./session.js";
import { box, forbidden, passing } from "./words.js";

const PAUSE_MS = 1000;
const FIRST_RETRY_MS = 1000;
const SHARE_OF_TIME = 3;
const LONGEST_PAUSE_MS = 15_000;

/**
 * @typedef {{title: string, needs?: string, under?: string, live?: boolean, show: (view: View) => Promise<() => Promise<void>>}} Page
 * live: false for a page that is not loaded anew whenever the ledger changes; under: its place in the menu;
 * show: puts what stays into view.root and returns how to load what does not
 */

export class View {
  /**
   * @param {HTMLElement} main
   * @param {string} name of the page
   * @param {Page} page
   * @param {import("./router.js").Place} place
   */
  constructor(main, name, page, place) {
    Object.assign(this, { main, name, page, id: place.id, params: place.params });
    this.heading = h("h1", { tabindex: "-1" }, page.title);
    this.problem = h("div");
    this.root = h("div", { class: `page page-${name.replace(/[^a-z]/g, "")}` });
    this.closed = new AbortController();
    this.signal = this.closed.signal;
    this.beginning = null;
    this.load = null;
    this.loading = false;
    this.stale = false;
    this.pause = 0;
    this.failures = 0;
    this.closers = [];
  }

  /** Call this when the page is left. */
  closing(closer) {
    this.closers.push(closer);
  }

  /** What the page is about, where that is known only now. */
  entitle(title) {
    this.heading.textContent = title;
    document.title = `${title} - Berth`;
  }

  async open({ moved }) {
    this.entitle(this.page.title);
    fill(this.main, this.heading, this.problem, this.root);
    if (moved) {
      window.scrollTo(0, 0);
      this.heading.focus({ preventScroll: true });
    }
    if (this.page.needs && !may(this.page.needs)) {
      fill(this.root, forbidden(this.page.needs));
      this.main.setAttribute("aria-busy", "false");
      return;
    }
    await this.refresh();
  }

  /** Show the same page with other parameters. */
  follow(params) {
    this.params = params;
    this.request?.abort();
    this.loading = false;
    this.refresh();
  }

  /** The ledger has changed: look again, soon but not too often. */
  changed() {
    if (this.page.live === false) return;
    this.stale = true;
    if (this.timer || this.loading || document.hidden || !this.load) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.stale) this.refresh();
    }, this.pause);
  }

  async refresh() {
    const mine = (this.request = new AbortController());
    this.signal = AbortSignal.any([this.closed.signal, mine.signal]);
    this.loading = true;
    this.stale = false;
    clearTimeout(this.again);
    this.main.setAttribute("aria-busy", "true");
    const began = performance.now();
    try {
      await this.begun();
      if (!this.signal.aborted) await this.load();
      if (!this.signal.aborted) this.succeeded();
    } catch (error) {
      if (!this.signal.aborted && error.name !== "AbortError") this.failed(error);
    }
    if (this.request === mine && !this.closed.signal.aborted) this.done(performance.now() - began);
  }

  /** The page's own part, put there once: also where somebody goes on before it is. */
  async begun() {
    this.beginning ??= this.page.show(this);
    try {
      this.load = await this.beginning;
    } catch (error) {
      this.beginning = null;
      throw error;
    }
  }

  done(took) {
    this.loading = false;
    this.pause = Math.min(LONGEST_PAUSE_MS, Math.max(PAUSE_MS, took * SHARE_OF_TIME));
    this.main.setAttribute("aria-busy", "false");
    if (this.stale) this.changed();
  }

  succeeded() {
    this.failures = 0;
    fill(this.problem);
  }

  /** Said, and what may pass is tried again: ever later, so that a page that asks for much is let through some time. */
  failed(error) {
    if (session.me === null) return;
    if (!this.load) fill(this.root);
    const again = passing(error);
    fill(this.problem, box(error, { again }));
    if (!again) return;
    this.failures += 1;
    const pause = Math.max((error.retryAfter || 1) * 1000, FIRST_RETRY_MS * 2 ** (this.failures - 1));
    this.again = setTimeout(() => this.refresh(), Math.min(LONGEST_PAUSE_MS, pause));
  }

  close() {
    this.closed.abort();
    clearTimeout(this.timer);
    clearTimeout(this.again);
    for (const closer of this.closers) closer();
  }
}

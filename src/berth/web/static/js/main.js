/** The dashboard: finds out who is there, shows the page that the address names, and keeps it up to date. */

import { whenUnknown } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { feed, listen, start, stop } from "./feed.js";
import { number } from "./format.js";
import { keepTime } from "./life.js";
import { MENU, PAGES } from "./pages.js";
import { show as showSignIn } from "./pages/signin.js";
import { here, href } from "./router.js";
import { forget, hasToken, may, resume, session, whenSignedOut } from "./session.js";
import { setUpSearch, showSearch } from "./search.js";
import { setUp } from "./theme.js";
import { View } from "./view.js";
import { box, passing } from "./words.js";

const TRY_AGAIN_MS = 2000;
const main = document.getElementById("main");
const menu = document.getElementById("menu");
const who = document.getElementById("who");
const state = document.getElementById("state");

/** @type {View | null} */
let view = null;

async function begin() {
  try {
    await resume();
  } catch (error) {
    if (!passing(error)) return signedOut(error);
    fill(main, h("h1", { tabindex: "-1" }, "Berth"), box(error, { again: true }));
    setTimeout(begin, TRY_AGAIN_MS);
    return;
  }
  if (session.me === null) signedOut(null);
  else signedIn();
}

function signedIn() {
  start(session.about.head);
  drawMenu();
  showSearch(true);
  go({ moved: false });
}

function signedOut(why) {
  stop();
  forget();
  close();
  fill(menu);
  fill(who);
  showSearch(false);
  document.title = "Sign in - Berth";
  const root = h("div", { class: "page-signin" }, h("h1", { tabindex: "-1" }, "Sign in"));
  fill(main, root);
  main.setAttribute("aria-busy", "false");
  showSignIn(root, { why, entered: signedIn });
}

function drawMenu() {
  const items = MENU.filter((name) => may(PAGES[name].needs));
  fill(menu, h("ul", {}, items.map((name) => h("li", {}, h("a", { href: href(name), "data-page": name }, PAGES[name].title)))));
  const { name, roles, via } = session.me;
  const called = name || "unknown";
  const leave = h("button", { type: "button", title: `You are ${called}`, on: { click: () => (forget({ everywhere: true }), signedOut(null)) } }, "Sign out");
  const known = h("span", { class: "wide", title: `Authenticated by: ${via}` }, called, h("small", {}, ` ${roles.join(", ") || "no role"}`));
  fill(who, known, hasToken() ? leave : null);
}

function close() {
  view?.close();
  view = null;
}

/** Show the page that the address names. moved: whether somebody came here from another page. */
function go({ moved = true } = {}) {
  if (session.me === null) return;
  const place = here();
  const name = place.page || MENU.find((each) => may(PAGES[each].needs)) || MENU[0];
  for (const link of menu.querySelectorAll("a")) {
    const current = link.dataset.page === (PAGES[name]?.under ?? name);
    if (current) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else link.removeAttribute("aria-current");
  }
  if (view && view.name === name && view.id === place.id) {
    view.follow(place.params);
    return;
  }
  close();
  view = new View(main, name, PAGES[name] ?? PAGES.missing, place);
  view.open({ moved });
}

const WORDS = {
  off: "",
  live: "Live",
  asking: "Up to date",
  lost: "Not connected",
};

function drawState() {
  state.dataset.state = feed.state;
  state.textContent = session.me === null ? "" : WORDS[feed.state];
  state.title = `Last change: ${number(feed.head)}`;
}

listen((news) => {
  drawState();
  if (news.state === "lost") announce("The connection to the server is lost. Trying again.");
  if (news.before === "lost" && news.state !== "off") view?.changed(); // it may have failed meanwhile
  if (news.change || news.head || news.reset !== undefined) view?.changed();
});
whenUnknown((error) => {
  // A token that is being tried is told about where it is tried.
  if (session.me !== null) signedOut(error);
});
whenSignedOut(() => session.me !== null && signedOut(null));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && view?.stale) view.changed();
});
window.addEventListener("hashchange", () => go());
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the part of the address behind # says which page this is
  main.focus();
});
setUp(document.getElementById("theme"));
setUpSearch();
keepTime();
begin();

/**
 * Who uses this page. The token is kept for this tab only, and goes nowhere but into a header; or into another tab of the
 * same browser at the same dashboard that asks for it, so that a link in a new tab asks nobody to sign in again.
 */

import { Refused, get, useToken } from "./api.js";

const KEY = "berth-token";
const ASKED_MS = 250;
const channel = new BroadcastChannel(`berth ${location.pathname}`);
let leave = () => {};

channel.addEventListener("message", ({ data }) => {
  const token = sessionStorage.getItem(KEY);
  if (data.wanted && token && session.me !== null) channel.postMessage({ token });
  if (data.left && token) leave();
});

/** Call this when somebody signs out in another tab. */
export function whenSignedOut(listener) {
  leave = listener;
}

/** The token of another tab that is signed in; "" if none answers. */
function fromOtherTabs() {
  return new Promise((done) => {
    const answered = ({ data }) => data.token && end(data.token);
    const end = (token) => {
      clearTimeout(timer);
      channel.removeEventListener("message", answered);
      done(token);
    };
    const timer = setTimeout(end, ASKED_MS, "");
    channel.addEventListener("message", answered);
    channel.postMessage({ wanted: true });
  });
}

/** @type {{about: any, me: any}} about: what /v1 says of itself; me: what /v1/me says, null for nobody */
export const session = { about: null, me: null };

/** Find out whether we are known already: by this tab's token, or by the connection itself. */
export async function resume() {
  const own = sessionStorage.getItem(KEY);
  const stored = own || (await fromOtherTabs());
  session.me = null;
  try {
    await take(stored);
    if (stored && session.me !== null) sessionStorage.setItem(KEY, stored);
  } catch (error) {
    if (!(error instanceof Refused && error.status === 401)) throw error;
    forget();
    if (stored) throw error;
  }
}

/** Come in with a token; Refused if it is not taken. */
export async function signIn(token) {
  try {
    // A browser refuses to send anything else in a header, which would look as if no server answered.
    if (!/^[\x21-\x7e]+$/.test(token)) throw new Refused(401, { detail: "This is not a token: tokens consist of ASCII letters, digits and punctuation." }, 1);
    await take(token);
    if (session.me === null) throw new Refused(401, { detail: "The token is unknown." }, 1);
    sessionStorage.setItem(KEY, token);
  } catch (error) {
    forget();
    throw error;
  }
}

async function take(token) {
  useToken(token);
  session.about = await get("");
  // Asked only where somebody is known, so that looking at the sign-in form is no refused attempt in the audit log.
  session.me = session.about.caller ? await get("/me") : null;
}

/** Nobody uses this page any more. everywhere: nor the other tabs that have the token from here, or gave it. */
export function forget({ everywhere = false } = {}) {
  if (everywhere) channel.postMessage({ left: true });
  sessionStorage.removeItem(KEY);
  useToken("");
  session.me = null;
}

/** Whether this is a session that can be ended here: one by a token, not by the connection. */
export const hasToken = () => sessionStorage.getItem(KEY) !== null;

/** Whether the policy lets us do this. */
export const may = (operation) => session.me !== null && session.me.may.includes(operation);

/** The options with which a command on any machine reaches this server. FILE has a token, where one is needed. */
export function commandOptions() {
  const address = location.origin + location.pathname.replace(/\/ui\/.*$/, "");
  return `--url ${address} ${session.about?.auth.includes("dev") ? "--token - <<<admin" : "--token-file FILE"}`;
}

/** Whether some role of ours is for the whole fleet, not for a project or for single trees. */
export const wide = () => may("projects.list");

/** Who uses this page. The token is kept for this tab only, and goes nowhere but into a header. */

import { Refused, get, useToken } from "./api.js";

const KEY = "berth-token";

/** @type {{about: any, me: any}} about: what /v1 says of itself; me: what /v1/me says, null for nobody */
export const session = { about: null, me: null };

/** Find out whether we are known already: by this tab's token, or by the connection itself. */
export async function resume() {
  const stored = sessionStorage.getItem(KEY) || "";
  session.me = null;
  try {
    await take(stored);
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
    if (!/^[\x21-\x7e]+$/.test(token)) throw new Refused(401, { detail: "This cannot be a token: tokens consist of ASCII letters, digits and signs." }, 1);
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

/** Nobody uses this page any more. */
export function forget() {
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

/** The way to /v1. Answers are kept by their ETags in memory only, so that nothing of them outlives the page. */

/** What the server refuses. type: the last part of the problem's type, such as nothing-fits; problem: all of it. */
export class Refused extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.detail || `The server answered ${status}.`);
    this.status = status;
    this.type = String(problem.type || "").split("/").pop();
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** No server answered. */
export class Unreachable extends Error {
  constructor() {
    super("The server does not answer.");
  }
}

/** Where this page's server has its API: beside /ui, whatever comes before. */
const ROOT = new URL("../v1", document.baseURI).href;
const MOST_KEPT = 40;

/** @type {Map<string, {tag: string, value: any}>} */
const kept = new Map();
let token = "";
let ended = () => {};

/** Ask with this token from now on; "" for none. */
export function useToken(given) {
  token = given;
  kept.clear();
}

/** Call this when the server does not know us any more. */
export function whenUnknown(listener) {
  ended = listener;
}

/** The headers that say who asks. */
export function credentials() {
  return token ? { "X-Auth-Token": token } : {};
}

/**
 * A path of /v1 with parameters: those that are "", null or undefined are left out; an array stands several times.
 * @param {string} path
 * @param {Record<string, any>} [query]
 */
export function address(path, query = {}) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== "" && each !== null && each !== undefined) parameters.append(name, String(each));
    }
  }
  const text = parameters.toString();
  return text ? `${ROOT}${path}?${text}` : `${ROOT}${path}`;
}

/**
 * What stands at a path of /v1: the same object as long as it has not changed.
 * @param {string} path
 * @param {Record<string, any>} [query]
 * @param {{signal?: AbortSignal}} [options]
 */
export async function get(path, query = {}, { signal } = {}) {
  const url = address(path, query);
  const known = kept.get(url);
  const headers = { Accept: "application/json", ...credentials() };
  if (known) headers["If-None-Match"] = known.tag;
  const answer = await asked(url, { headers, signal });
  if (answer.status === 304 && known) return known.value;
  const value = await told(answer);
  const tag = answer.headers.get("ETag");
  if (tag) keep(url, { tag, value });
  return value;
}

function keep(url, entry) {
  kept.delete(url);
  kept.set(url, entry);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
}

/**
 * Every item of a collection, page by page.
 * @param {string} path
 * @param {Record<string, any>} query
 * @param {{signal?: AbortSignal, most?: number, told?: (count: number) => void}} [options]
 */
export async function all(path, query, { signal, most = Infinity, told: progress = () => {} } = {}) {
  const found = [];
  let after = null;
  do {
    const page = await get(path, { ...query, limit: Math.min(1000, most - found.length), after }, { signal });
    found.push(...page.items);
    progress(found.length);
    after = page.next;
  } while (after !== null && found.length < most);
  return found;
}

/** Send a body; what comes back, null if nothing does. */
export async function send(method, path, body, { signal } = {}) {
  const headers = { Accept: "application/json", ...credentials() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return told(await asked(address(path), { method, headers, signal, body: body && JSON.stringify(body) }));
}

/** An answer as it comes, for whoever reads it in pieces; Refused, Unreachable. */
export async function asked(url, options) {
  let answer;
  try {
    answer = await fetch(url, { cache: "no-store", credentials: "same-origin", redirect: "error", ...options });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Unreachable();
  }
  if (answer.status >= 400) {
    const refused = new Refused(answer.status, await problemOf(answer), Number(answer.headers.get("Retry-After")) || 1);
    if (refused.status === 401) ended(refused);
    throw refused;
  }
  return answer;
}

async function told(answer) {
  if (answer.status === 204) return null;
  try {
    return await answer.json();
  } catch (error) {
    throw error.name === "AbortError" ? error : new Unreachable();
  }
}

async function problemOf(answer) {
  try {
    return await answer.json();
  } catch {
    return {};
  }
}

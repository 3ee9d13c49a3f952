/** Where we are: #/page/id?parameters. Everything that a page shows can be told from it, so that "back" works. */

/** @typedef {{page: string, id: string, params: URLSearchParams}} Place */

/** @returns {Place} */
export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [page, ...rest] = path.split("/");
  return { page: page || "", id: decoded(rest.join("/")), params: new URLSearchParams(query) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The address of a place. params: those that are "", null or undefined are left out.
 * @param {string} page
 * @param {string} [id]
 * @param {Record<string, any>} [params]
 */
export function href(page, id = "", params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== "" && value !== null && value !== undefined) query.append(name, String(value));
  }
  const text = query.toString();
  return `#/${page}${id ? `/${encodeURIComponent(id)}` : ""}${text ? `?${text}` : ""}`;
}

/** Go to a place; `replace` leaves no way back to the present one. */
export function go(address, { replace = false } = {}) {
  if (address === location.hash) return;
  if (replace) location.replace(address);
  else location.hash = address;
}

/** The present place with some parameters changed. */
export function changed(params) {
  const { page, id, params: now } = here();
  return href(page, id, { ...Object.fromEntries(now), ...params });
}

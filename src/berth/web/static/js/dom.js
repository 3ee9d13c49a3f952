/**
 * Elements out of values. Text from data only ever becomes a text node or the value of an attribute that cannot run
 * anything; there is no way here to make markup out of a string.
 */

/** @typedef {Node | string | number | null | undefined | false | Child[]} Child */

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "selected", "required", "multiple"]);
const SAFE_LINK = /^(#|\.\.?\/|blob:)/;

/**
 * An element. attributes: by name; `on` has listeners by event; a value of null, undefined or false leaves one out.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...Child} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  append(element, children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for a drawing: an element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  append(element, children);
  return element;
}

function set(element, name, value) {
  if (name === "on") {
    for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
  } else if (PROPERTIES.has(name)) {
    element[name] = value ?? "";
  } else if (value !== null && value !== undefined && value !== false) {
    if (/^(on|style$|srcdoc$)/.test(name)) throw new TypeError(`${name} cannot be set as an attribute`);
    if (name === "href" && !SAFE_LINK.test(value)) throw new TypeError(`a link within the dashboard, not ${value}`);
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
}

/**
 * Put these children into an element instead of what is there. Whoever was in there with the keyboard stays at the
 * element of the same key.
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  const active = document.activeElement;
  const key = element.contains(active) && active !== element ? keyOf(active) : "";
  element.replaceChildren();
  append(element, children);
  if (key) {
    const same = [...element.querySelectorAll("a[href], button, input, select, summary, [data-key]")];
    same.find((each) => keyOf(each) === key)?.focus({ preventScroll: true });
  }
}

function keyOf(element) {
  return element.getAttribute("data-key") || element.id || element.getAttribute("href") || "";
}

/**
 * Set a length or a position, which attributes cannot (the content security policy has no inline styles).
 * @param {HTMLElement} element
 * @param {Record<string, string>} values
 */
export function sized(element, values) {
  for (const [name, value] of Object.entries(values)) element.style.setProperty(name, value);
  return element;
}

/** A number that no other element on the page has in its id. */
let last = 0;
export function fresh(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}

/** Tell whoever listens instead of looking, politely. */
export function announce(text) {
  document.getElementById("announcements").textContent = text;
}

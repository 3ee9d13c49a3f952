/** Fields of forms: each with its label, its help and what is wrong with it. */

import { fresh, h } from "./dom.js";

/**
 * A labelled input. options: a list of values to choose from (suggested, not required).
 * @param {{label: string, name: string, value?: string, help?: string, type?: string, options?: string[],
 *   placeholder?: string, [more: string]: any}} of
 */
export function field({ label, name, value = "", help, type = "text", options, ...more }) {
  const id = fresh(name);
  const input = h("input", {
    id,
    name,
    type,
    value,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    list: options ? `${id}-list` : null,
    "aria-describedby": help ? `${id}-help` : null,
    ...more,
  });
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    input,
    options ? suggestions(`${id}-list`, options) : null,
    help ? h("small", { id: `${id}-help` }, help) : null,
  );
}

/** Values that an input suggests. */
export function suggestions(id, values) {
  return h("datalist", { id }, values.map((value) => h("option", { value })));
}

/**
 * A labelled choice. options: pairs of value and words.
 * @param {{label: string, name: string, value?: string, options: [string, string][], [more: string]: any}} of
 */
export function choice({ label, name, value = "", options, ...more }) {
  const id = fresh(name);
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    h("select", { id, name, ...more }, options.map(([key, words]) => h("option", { value: key, selected: key === value }, words))),
  );
}

/** A labelled box to tick. */
export function tick({ label, name, checked = false, ...more }) {
  const id = fresh(name);
  return h("div", { class: "tick" }, h("input", { id, name, type: "checkbox", checked, ...more }), h("label", { for: id }, label));
}

/** The values of a form by name, without spaces around them. */
export function values(form) {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
}

/**
 * A form of filters: what is in it goes into the address as soon as it is changed.
 * @param {{label: string, changed: (values: Record<string, string>) => void}} of
 * @param {...any} fields
 */
export function filters({ label, changed }, ...fields) {
  const send = (event) => {
    event.preventDefault();
    changed(values(form));
  };
  const form = h(
    "form",
    { class: "filters", role: "search", "aria-label": label, on: { submit: send, change: send } },
    fields,
    h("button", { type: "submit" }, "Apply"),
  );
  return form;
}

/** Bring a form's fields to these parameters. One that is being written in is left alone while its parameter is as before. */
export function follow(form, params) {
  for (const element of form.elements) {
    if (!element.name) continue;
    const value = params.get(element.name) ?? "";
    const isWrittenIn = element === document.activeElement && element.dataset.was === value;
    element.dataset.was = value;
    if (isWrittenIn) continue;
    if (element.type === "checkbox") element.checked = value === "on";
    else if (element.tagName !== "SELECT" || [...element.options].some((option) => option.value === value)) element.value = value;
  }
}

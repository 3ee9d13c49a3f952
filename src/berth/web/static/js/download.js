/** Files that are made here, for the user to keep. */

import { h } from "./dom.js";

/** Hand a text, in one piece or in several, to the user as a file. */
export function download(name, kind, text) {
  const url = URL.createObjectURL(new Blob([text].flat(), { type: kind }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/**
 * Rows as CSV (RFC 4180) that no spreadsheet takes for formulas (OWASP: CSV injection).
 * @param {string[]} head
 * @param {any[][]} rows
 */
export function csv(head, rows) {
  return [head, ...rows].map(line).join("");
}

/** One row of such a file. */
export function line(row) {
  return `${row.map(cell).join(",")}\r\n`;
}

function cell(value) {
  const text = String(value ?? "").replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, escaped);
  const harmless = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
  return /[",'\s]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** What a terminal or an editor would obey and not show, as it is written in a program. */
function escaped(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

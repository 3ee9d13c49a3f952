/** Numbers, times and names, as people read them. */

import { h } from "./dom.js";

const NUMBER = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const BINARY = ["MiB", "GiB", "TiB", "PiB", "EiB"];
const DECIMAL = ["GB", "TB", "PB", "EB"];

/** All digits: 131,072. */
export const number = (value) => NUMBER.format(value);

/** Few digits: 131.1K. */
export const short = (value) => (Math.abs(value) < 10000 ? NUMBER.format(value) : SHORT.format(value));

/**
 * An amount of a resource class in a unit that fits: 128 GiB of MEMORY_MB. Others are numbers.
 * @param {string} name of the class
 * @param {number} value
 */
export function amount(name, value) {
  if (name.endsWith("_MB")) return inUnit(value, BINARY, 1024);
  if (name.endsWith("_GB")) return inUnit(value, DECIMAL, 1000);
  return short(value);
}

function inUnit(value, units, step) {
  let at = 0;
  while (Math.abs(value) >= step && at < units.length - 1) {
    value /= step;
    at += 1;
  }
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 1;
  return `${NUMBER.format(Number(value.toFixed(digits)))} ${units[at]}`;
}

/** How much of a capacity is used, 0 to 1 (and above, if more is used than there is); null where there is nothing. */
export function share(used, capacity) {
  if (!(capacity > 0)) return used > 0 ? 1 : null;
  return used / capacity;
}

/** 37%, but never 100% of what is not full and never 0% of what is not empty. */
export function percent(value) {
  if (value === null) return "none";
  const whole = Math.round(value * 100);
  if (whole >= 100 && value < 1) return ">99%";
  if (whole === 0 && value > 0) return "<1%";
  return `${whole}%`;
}

/** One of a thing, or several: plural(3, "host") is "3 hosts". */
export function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** Microseconds since 1970 as a `time` element: how long ago, and when. */
export function when(microseconds) {
  const at = new Date(microseconds / 1000);
  return h("time", { datetime: at.toISOString(), title: MOMENT.format(at) }, ago(at));
}

/** Microseconds since 1970 as a `time` element with date and time. */
export function moment(microseconds) {
  const at = new Date(microseconds / 1000);
  return h("time", { datetime: at.toISOString(), title: at.toISOString() }, MOMENT.format(at));
}

const STEPS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [48 * 3600, 3600, "h"],
];

function ago(at) {
  const seconds = Math.max(0, (Date.now() - at.getTime()) / 1000);
  for (const [below, unit, name] of STEPS) {
    if (seconds < below) return `${Math.floor(seconds / unit)} ${name} ago`;
  }
  return `${number(Math.floor(seconds / 86400))} days ago`;
}

/** A time that is left, in seconds, in its two largest units: 6 d 23 h. */
export function until(seconds) {
  const parts = [];
  let left = Math.max(0, seconds);
  for (const [size, name] of [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count || (size === 1 && !parts.length)) parts.push(`${number(count)} ${name}`);
  }
  return parts.slice(0, 2).join(" ");
}

/** The beginning of a uuid, which is enough to tell a few apart. */
export const brief = (uuid) => uuid.slice(0, 8);

/** Amounts of resource classes as text, such as VCPU=4,MEMORY_MB=8G: the same texts as on the command line. */

const POWERS = { K: 1, M: 2, G: 3, T: 4, P: 5 };
const AMOUNT = /^(\d{1,15})(?:([KMGTP])(?:i?B)?)?$/i;
const UNIT = /_([KMGT])B$|_(KILO|MEGA|GIGA)BIT_PER_SEC$/;
const LARGEST = 2 ** 31 - 1;

/** What is wrong with a text, in words. */
export class Malformed extends Error {}

/** Amounts by class, none if there is no text; Malformed. A number may end in K, M, G, T or P if its class has a unit. */
export function amountsOf(text) {
  const found = {};
  if (text.trim() === "") return found;
  for (const part of text.split(",").map((each) => each.trim())) {
    const [, name, amount] = /^([^:=]*[^:=\s])\s*[:=]\s*(.*)$/.exec(part) ?? [];
    if (!name) throw new Malformed(`“${part.slice(0, 64)}” is not an amount of a class, such as VCPU=4 or MEMORY_MB=8G.`);
    if (name in found) throw new Malformed(`${name} is given twice.`);
    found[name] = inUnit(name, amount);
  }
  return found;
}

function inUnit(name, text) {
  const [, digits, ending] = AMOUNT.exec(text) ?? [];
  if (!digits || Number(digits) < 1) {
    throw new Malformed(`${name}=${text}`.slice(0, 64) + ": an amount is a whole number from 1, such as 4, or 8G for MEMORY_MB.");
  }
  const amount = ending ? converted(name, text, Number(digits), POWERS[ending.toUpperCase()]) : Number(digits);
  if (amount > LARGEST) throw new Malformed(`${name}=${text}: the largest amount is ${LARGEST}.`);
  return amount;
}

/** An amount in K (power 1), M (2) ... in the unit that the name of its class ends in. */
function converted(name, text, amount, power) {
  const [, bytes, bits] = UNIT.exec(name) ?? [];
  if (!bytes && !bits) throw new Malformed(`${name}=${text}: ${name} has no unit that ends in B, so it takes plain numbers only.`);
  const inName = amount * (bytes ? 1024 : 1000) ** (power - POWERS[bytes ?? bits[0]]);
  if (!Number.isInteger(inName)) throw new Malformed(`${name}=${text} is not a whole number in the unit of ${name}.`);
  return inName;
}

/** Amounts by class as such a text. */
export const textOf = (amounts) => Object.entries(amounts).map((pair) => pair.join("=")).join(",");

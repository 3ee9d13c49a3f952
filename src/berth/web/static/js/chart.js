/** Lines over time: small drawings with the same in words. */

import { h, svg } from "./dom.js";
import { percent } from "./format.js";

const WIDE = 200;
const HIGH = 40;

/**
 * A line of shares between 0 and 1, null where nothing is known. name: what it is of; span: over which time, in words.
 * @param {{shares: (number | null)[], name: string, span: string}} of
 */
export function line({ shares, name, span }) {
  const known = shares.filter((share) => share !== null);
  const words = known.length ? saying(known, span) : `${span}: not known`;
  return h(
    "figure",
    { class: "trend" },
    svg(
      "svg",
      { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": `${name} used, ${words}` },
      ...pieces(shares).flatMap(drawn),
    ),
    h("figcaption", { "aria-hidden": "true" }, words),
  );
}

function saying(known, span) {
  const [least, most] = [Math.min(...known), Math.max(...known)].map(percent);
  return `${span}: ${least === most ? most : `${least} to ${most}`}`;
}

/** Runs of points that are known, each [x, y]. */
function pieces(shares) {
  const found = [[]];
  shares.forEach((share, at) => {
    if (share === null) found.push([]);
    else found.at(-1).push([(at / (shares.length - 1)) * WIDE, HIGH - 1 - Math.min(1, share) * (HIGH - 2)]);
  });
  return found.filter((points) => points.length > 1);
}

function drawn(points) {
  const way = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join(" L ");
  const [first, last] = [points[0][0], points.at(-1)[0]].map((x) => x.toFixed(1));
  return [
    svg("path", { class: "under", d: `M ${first} ${HIGH} L ${way} L ${last} ${HIGH} Z` }),
    svg("path", { class: "over", d: `M ${way}` }),
  ];
}

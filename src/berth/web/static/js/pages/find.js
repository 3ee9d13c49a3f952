/** Find: a request, where it fits, and if nowhere: what each of its parts took away. */

import { Malformed } from "../amounts.js";
import { get, send } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { CandidateMap, calls, listed, mayMap, rootsOf } from "../find/candidates.js";
import { claim } from "../find/claim.js";
import { RequestForm } from "../find/form.js";
import { funnel } from "../find/funnel.js";
import { splitHint } from "../find/split.js";
import { addressOf, bodyOf, emptyForm, formOf } from "../find/request.js";
import { plural } from "../format.js";
import { aggregateNames } from "../links.js";
import { namesOf } from "../names.js";
import { changed, go } from "../router.js";
import { may } from "../session.js";
import { empty } from "../table.js";

export const page = { title: "Find", needs: "candidates.list", live: false, show };

async function show(view) {
  const names = await suggested();
  const parts = { outcome: h("div", { class: "outcome" }), claimed: h("div"), list: h("div"), calls: h("div"), funnel: h("div") };
  parts.form = new RequestForm({ names, submitted: (form) => submit(view, parts, form) });
  parts.map = mayMap() ? new CandidateMap(view) : null;
  view.root.append(parts.form.element, parts.outcome, parts.claimed, parts.list, parts.funnel, parts.map?.element ?? "", parts.calls);
  let last = null;
  return async () => {
    const asked = view.params.get("q") || "";
    if (asked !== last) {
      parts.form.write(formOf(asked) ?? emptyForm());
      fill(parts.claimed);
    }
    last = asked;
    await answer(view, parts, formOf(asked));
  };
}

/** What fields suggest: names that some provider has. */
async function suggested() {
  const lists = ["classes", "traits", "aggregates"].filter((kind) => may(`${kind}.list`));
  const found = await Promise.all(lists.map((kind) => get(`/${kind}`)));
  const named = ({ items }) => aggregateNames(items); // classes and traits have no other name
  return { classes: [], traits: [], aggregates: [], ...Object.fromEntries(lists.map((kind, at) => [kind, named(found[at])])) };
}

/** A request goes into the address; one that stands there already is asked again. */
function submit(view, parts, form) {
  try {
    bodyOf(form);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    complain(parts, error.message);
    return;
  }
  const address = changed({ q: addressOf(form) });
  if (address === location.hash) view.refresh();
  else go(address);
}

function clear(parts) {
  for (const each of [parts.outcome, parts.list, parts.calls, parts.funnel]) fill(each);
  if (parts.map) parts.map.element.hidden = true;
}

function complain(parts, text) {
  clear(parts);
  fill(parts.outcome, h("div", { class: "problem", role: "alert" }, h("p", {}, text)));
}

async function answer(view, parts, form) {
  if (form === null) {
    clear(parts);
    fill(parts.outcome, empty("Find where something fits", "Enter what is needed above. Finding claims nothing."));
    return;
  }
  let body;
  try {
    body = bodyOf(form);
  } catch (error) {
    complain(parts, error.message);
    return;
  }
  const found = await send("POST", "/find", { ...body, explain: true }, { signal: view.signal });
  const names = await missingNames(found, view.signal);
  await drawn(view, parts, { body, found, names });
  if (found.candidates.length === 0) fill(parts.list, await splitHint(form, body, found.funnel, { signal: view.signal }));
}

/** The names of hosts and of what serves a group without giving anything: candidates name only what they take from. */
async function missingNames(found, signal) {
  const served = found.candidates.flatMap(({ mappings }) => Object.values(mappings).flat());
  const given = new Map(found.candidates.flatMap(({ names }) => Object.entries(names)));
  const missing = [...rootsOf(found), ...served].filter((uuid) => !given.has(uuid));
  return missing.length && may("providers.list") ? new Map([...given, ...(await namesOf(missing, { signal }))]) : given;
}

async function drawn(view, parts, { body, found, names }) {
  const fits = found.candidates.length > 0;
  const claimed = async (candidate) => {
    if (await claim(candidate, names, parts.claimed)) view.refresh();
  };
  const onClaim = may("allocations.post") ? claimed : null;
  fill(parts.outcome, fits ? verdict(found) : nothing(found));
  fill(parts.list, fits ? listed(found, names, onClaim) : null);
  fill(parts.funnel, fits ? h("details", {}, h("summary", {}, "Why only these?"), funnel(found.funnel)) : funnel(found.funnel));
  fill(parts.calls, calls(body, found));
  if (parts.map) {
    parts.map.element.hidden = !fits;
    if (fits) await parts.map.load(found, Object.keys(body.groups[0].resources));
  }
}

function verdict(found) {
  const { left, bounded } = found.funnel.together;
  const text = `It fits in ${bounded ? "at least " : ""}${plural(left, "host")}`;
  announce(text);
  return h("p", { class: "big", "data-outcome": "fits" }, text, h("small", {}, ` ${plural(found.candidates.length, "candidate")} shown`));
}

function nothing(found) {
  announce(`Nothing fits. ${found.funnel.why}`);
  return h("p", { class: "big", "data-outcome": "nothing" }, "Nothing fits");
}

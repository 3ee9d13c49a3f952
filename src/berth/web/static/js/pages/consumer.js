/** One consumer: what it holds of which provider, what was done with it, and how to end it. */

import { Refused, get, send } from "../api.js";
import { confirmed } from "../dialog.js";
import { announce, fill, h } from "../dom.js";
import { number, plural, when } from "../format.js";
import { historyOf } from "../history.js";
import { endSentence, lifeFacts } from "../life.js";
import { projectLink, providerLink, resources } from "../links.js";
import { namesOf } from "../names.js";
import { may } from "../session.js";
import { empty, facts, table } from "../table.js";

export const page = { title: "Consumer", needs: "consumers.show", under: "consumers", show };

async function show(view) {
  const holds = h("div");
  const history = historyOf(view, "consumers");
  view.root.append(holds, ...(history ? [history.element] : []));
  return async () => {
    const { consumer, ended } = await found(view);
    view.entitle(`Consumer ${consumer?.name ?? view.id}`);
    if (consumer) await fillIn(view, holds, consumer);
    else fill(holds, empty("No claims", endSentence(ended)));
    await history?.load();
  };
}

/** Without a consumer if it holds nothing: its history is shown all the same. ended: why and when Berth ended its claim. */
async function found(view) {
  try {
    return { consumer: await get(`/consumers/${view.id}`, {}, { signal: view.signal }) };
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return { ended: error.problem?.ended };
    throw error;
  }
}

async function fillIn(view, holds, consumer) {
  const rows = Object.entries(consumer.allocations);
  const names = may("providers.list") ? await namesOf(rows.map(([uuid]) => uuid), { signal: view.signal }) : new Map();
  fill(
    holds,
    facts([
      ...nameFacts(consumer),
      ["Project", projectLink(consumer.project)],
      ["User", consumer.user],
      ["Type", consumer.type ?? "unknown"],
      ["Generation", number(consumer.generation)],
      ["Changed", when(consumer.updated_at)],
      ...lifeFacts(consumer),
      ["Holds in total", resources(consumer.resources)],
    ]),
    may("allocations.delete") ? actions(consumer, rows.length) : null,
    table({
      caption: `Claims on ${plural(rows.length, "provider")}`,
      columns: [
        { label: "Provider", head: true, cell: ([uuid]) => providerLink(uuid, names.get(uuid)) },
        { label: "Holds", cell: ([, amounts]) => resources(amounts) },
      ],
      rows,
    }),
  );
}

/** Its uuid where the title has its name, and the note on it. */
function nameFacts({ uuid, name, note }) {
  return [...(name ? [["Uuid", h("code", {}, uuid)]] : []), ...(note ? [["Note", note]] : [])];
}

function actions(consumer, providers) {
  const release = async () => {
    const released = await confirmed({
      title: "Release all of its claims?",
      said: [
        h("p", {}, `Consumer ${consumer.name ?? consumer.uuid} of project ${consumer.project} has claims on ${plural(providers, "provider")}:`),
        h("p", {}, resources(consumer.resources)),
        h("p", {}, "Others can then claim them. Workloads that run there are not stopped."),
      ],
      verb: "Release",
      danger: true,
      done: async () => (await send("DELETE", `/consumers/${consumer.uuid}`), true),
    });
    if (released) announce("Released: the consumer holds nothing now.");
  };
  return h("div", { class: "actions" }, h("button", { type: "button", class: "danger", "data-key": "release", on: { click: release } }, "Release…"));
}

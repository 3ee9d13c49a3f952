/** The form of a request: groups, each a box, and what is said of all of them. */

import { fresh, h } from "../dom.js";
import { field, suggestions, tick } from "../fields.js";
import { emptyGroup } from "./request.js";

const MAIN = [
  ["resources", "Resources", "VCPU=4,MEMORY_MB=8G", "classes"],
  ["required", "Has all these traits", "HW_CPU_X86_AVX2,…", "traits"],
  ["forbidden", "Has none of these traits", "", "traits"],
];
const MORE = [
  ["anyOf", "Has a trait of each set", "A,B; C,D", "traits"],
  ["memberOf", "In an aggregate of each set", "A,B; C", "aggregates"],
  ["notMemberOf", "In none of these aggregates", "", "aggregates"],
  ["inTree", "Part of this host", "its name", null],
];

const titleOf = (suffix) => (suffix === "" ? "Main request" : `Group ${suffix.replace(/^_/, "")}`);

/** A form that can be filled from a request, and read as one. submitted: called with what it says. */
export class RequestForm {
  constructor({ names, submitted }) {
    this.names = names;
    this.groups = h("div", { class: "groups" });
    this.lists = Object.fromEntries(Object.keys(names).map((kind) => [kind, fresh(kind)]));
    this.whole = h("div", { class: "fields" });
    const submit = (event) => {
      event.preventDefault();
      submitted(this.read());
    };
    this.element = h(
      "form",
      { class: "request", "aria-label": "What must fit", on: { submit } },
      Object.entries(names).map(([kind, values]) => suggestions(this.lists[kind], values)),
      this.groups,
      h("fieldset", { class: "panel" }, h("legend", {}, "For the whole request"), this.whole),
      h(
        "div",
        { class: "actions" },
        h("button", { type: "submit", class: "primary" }, "Find"),
        h("button", { type: "button", on: { click: () => this.another() } }, "Add a group"),
        h("span", { class: "quiet" }, "The main request can use several providers of one host; a named group needs a single provider."),
      ),
    );
  }

  /** @param {import("./request.js").RequestForm} form */
  write(form) {
    this.groups.replaceChildren(...form.groups.map((group) => this.box(group)));
    this.whole.replaceChildren(
      field({ label: "Groups in one subtree", name: "sameSubtree", value: form.sameSubtree, placeholder: "_GPU,_NIC" }),
      field({ label: "Host itself has all traits", name: "rootRequired", value: form.rootRequired, list: this.lists.traits }),
      field({ label: "Host itself has none of", name: "rootForbidden", value: form.rootForbidden, list: this.lists.traits }),
      field({ label: "Maximum candidates", name: "limit", value: form.limit, placeholder: "20", type: "number", min: 1, max: 1000 }),
      tick({ label: "Isolate named groups", name: "isolate", checked: form.isolate }),
    );
  }

  box(group) {
    const title = h("legend", {}, titleOf(group.suffix));
    const renamed = (event) => (title.textContent = titleOf(event.target.value.trim()));
    const remove = () => {
      box.remove();
      if (!this.groups.children.length) this.groups.append(this.box(emptyGroup()));
      this.groups.querySelector("input").focus();
    };
    const fields = (rows) => rows.map((row) => this.field(row, group));
    const box = h(
      "fieldset",
      { class: "panel" },
      title,
      h(
        "div",
        { class: "fields group" },
        field({ label: "Name", name: "suffix", value: group.suffix, placeholder: "none", on: { input: renamed } }),
        fields(MAIN),
      ),
      h(
        "div",
        { class: "foot" },
        h(
          "details",
          { open: MORE.some(([name]) => group[name] !== "") },
          h("summary", {}, "More conditions"),
          h("div", { class: "fields" }, fields(MORE)),
        ),
        h("button", { type: "button", class: "slight", on: { click: remove } }, "Remove this group"),
      ),
    );
    return box;
  }

  field([name, label, placeholder, kind], group) {
    return field({ label, name, placeholder, value: group[name], list: this.lists[kind] ?? null });
  }

  another() {
    const taken = new Set(this.read().groups.map((group) => group.suffix));
    let at = 1;
    while (taken.has(`_${at}`)) at += 1;
    const box = this.box(emptyGroup(`_${at}`));
    this.groups.append(box);
    box.querySelector("input[name=resources]").focus();
  }

  /** @returns {import("./request.js").RequestForm} */
  read() {
    const of = (element, name) => element.querySelector(`[name=${name}]`).value.trim();
    const groups = [...this.groups.children].map((box) =>
      Object.fromEntries(Object.keys(emptyGroup()).map((name) => [name, of(box, name)])),
    );
    const whole = Object.fromEntries(["sameSubtree", "rootRequired", "rootForbidden", "limit"].map((name) => [name, of(this.whole, name)]));
    return { ...whole, groups, isolate: this.whole.querySelector("[name=isolate]").checked };
  }
}

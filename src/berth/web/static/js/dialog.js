/** Questions before something is done. */

import { fill, fresh, h } from "./dom.js";
import { box } from "./words.js";

/**
 * Ask, and do it if the answer is yes. The dialog stays while it is being done, and says if it could not be. Enter in a field
 * is a yes.
 * @param {{title: string, said: any[], verb: string, danger?: boolean, done: () => Promise<any>}} question
 * @returns {Promise<any>} what it came to, undefined if the answer was no
 */
export function confirmed({ title, said, verb, danger = false, done }) {
  const id = fresh("dialog");
  const problem = h("div");
  return new Promise((answer) => {
    let result;
    const act = async () => {
      yes.disabled = true;
      try {
        result = await done();
        dialog.close();
      } catch (error) {
        fill(problem, box(error));
        yes.disabled = false;
      }
    };
    const yes = h("button", { type: "button", class: danger ? "danger" : "primary", on: { click: act } }, verb);
    const no = h("button", { type: "button", on: { click: () => dialog.close() } }, "Cancel");
    const ended = () => {
      dialog.remove();
      answer(result);
    };
    const pressed = (event) => {
      if (event.key !== "Enter" || !event.target.matches("input:not([type=checkbox])") || yes.disabled) return;
      event.preventDefault();
      act();
    };
    const dialog = h(
      "dialog",
      { "aria-labelledby": id, on: { close: ended, keydown: pressed } },
      h("h2", { id }, title),
      said,
      problem,
      h("div", { class: "actions" }, no, yes),
    );
    document.body.append(dialog);
    dialog.showModal();
    const first = danger ? null : dialog.querySelector("input:not([type=checkbox])");
    (first ?? no).focus();
    first?.select();
  });
}

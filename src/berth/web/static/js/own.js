/** What a caller may see of others. */

import { may, session } from "./session.js";

/** The only project that we may look at; "" for all. */
export const ownProject = () => (may("projects.list") ? "" : session.me.project);

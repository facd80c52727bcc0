import { get, getIfThere, query, Refused } from "../api.js";
import { every, h } from "../dom.js";
import { clock } from "../format.js";
import { toMeetings } from "../router.js";
import { brokenState, loading } from "../states.js";
import { filterForm } from "./meeting-filter.js";
import { foundList } from "./found.js";
import { daySection, rowsByDay } from "./meeting-rows.js";

const AtATime = 50;
const Watched = 10_000;

/** Meetings by day, the running ones first; with words to look for, also where they were said. */
export async function meetingsView(root, route, signal) {
  const list = new MeetingList(signal);
  root.append(h("h1.unseen", {}, "Meetings"), filterForm(Object.fromEntries(route.parameters), signal), list.element);
  await list.show(route.parameters);
  return next => list.showAnother(next.parameters);
}

class MeetingList {
  #signal;
  #asked = {};
  #running = "";   // ids of the running meetings that are shown

  constructor(signal) {
    this.#signal = signal;
    this.element = h("div.results", {}, loading("meetings"));
    every(1000, signal, () => {
      for (const place of this.element.querySelectorAll("[data-since]")) place.textContent = clock(Date.now() - new Date(place.dataset.since));
    });
    every(Watched, signal, () => this.#watch());
  }

  /** @throws {Refused} @param {URLSearchParams} parameters of the address */
  async show(parameters) {
    this.#asked = Object.fromEntries(parameters);
    const asked = this.#asked;
    const filter = filterOf(asked);
    const [page, running, found] = await Promise.all([
      get(`/v1/meetings${query({ ...filter, limit: AtATime })}`, this.#signal),
      this.#runningNow(filter),
      asked.q ? search(asked.q, filter, this.#signal) : null,
    ]);
    if (asked !== this.#asked) return;   // the reader has asked for something else meanwhile
    this.#running = idsOf(running);
    const past = h("div");
    this.#addPage(past, page, filter);
    const anything = page.data.length > 0 || running.length > 0;
    this.element.replaceChildren(...[
      found && foundList(found, { ...filter, q: asked.q }, this.#signal),
      running.length > 0 && daySection("Now", running),
      anything ? past : Object.values(filter).some(value => value) ? nothingFound(found) : firstMeeting(),
    ].filter(part => part));
  }

  async showAnother(parameters) {
    this.element.setAttribute("aria-busy", "true");
    try {
      await this.show(parameters);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.element.replaceChildren(brokenState(error, () => this.showAnother(parameters)));
    } finally {
      this.element.removeAttribute("aria-busy");
    }
  }

  /** Running ones stand first, however long ago they began; a filter by status leaves them where they are. */
  async #runningNow(filter) {
    return filter.status ? [] : (await get(`/v1/meetings${query({ ...filter, status: "recording", limit: 200 })}`, this.#signal)).data;
  }

  #addPage(place, page, filter) {
    rowsByDay(place, filter.status ? page.data : page.data.filter(meeting => meeting.status !== "recording"));
    if (page.next_cursor === null) return;
    const more = h("button.quiet.more", { type: "button", on: { click: async () => {
      more.disabled = true;
      try {
        const next = await get(`/v1/meetings${query({ ...filter, limit: AtATime, cursor: page.next_cursor })}`, this.#signal);
        more.remove();
        this.#addPage(place, next, filter);
      } catch (error) {
        if (error.name !== "AbortError") more.textContent = `${error.message} Try again`;
        more.disabled = false;
      }
    } } }, "Earlier meetings");
    place.append(more);
  }

  /** A meeting that begins or ends changes the list, unless the reader is far down in it; what else changes is seen when it is opened. */
  async #watch() {
    if (this.element.hasAttribute("aria-busy") || scrollY > innerHeight) return;
    try {
      const running = await this.#runningNow(filterOf(this.#asked));
      if (idsOf(running) !== this.#running) await this.show(new URLSearchParams(this.#asked));
    } catch (error) {
      if (!(error instanceof Refused) && error.name !== "AbortError") throw error;   // the list that is there stays; the next time will do
    }
  }
}

const idsOf = meetings => meetings.map(meeting => meeting.id).join();

/** Days in the reader's own zone: from its first moment to its last. */
function filterOf({ q, status, participant, from, to }) {
  return { q, status, participant, from: instant(from, "T00:00:00"), to: instant(to, "T23:59:59.999") };
}

function instant(day, time) {
  const date = new Date(day + time);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** Null where there is no search; a refusal of the words is an answer too. */
async function search(q, { participant, from, to }, signal) {
  try {
    return await getIfThere(`/v1/search${query({ q, participant, from, to, limit: 20 })}`, signal);
  } catch (error) {
    if (!(error instanceof Refused) || error.status === 401) throw error;
    return error.status === 403 ? null : { data: [], refused: error };
  }
}

const nothingFound = found => found?.data.length > 0 ? h("p.hint", {}, "No title has these words.") : h("section.state", {},
  h("h2", {}, "No such meeting"),
  h("p", {}, "No title and no meeting matches. ", h("a", { href: toMeetings() }, "Show all meetings")));

function firstMeeting() {
  const command = [
    `curl -X POST ${location.origin}/v1/meetings \\`,
    "  -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' \\",
    "  -d '{\"title\":\"Weekly sync\",\"tracks\":[",
    "        {\"participant\":{\"id\":\"alice\",\"name\":\"Alice\"},\"payload_type\":111}]}'",
  ].join("\n");
  return h("section.state.first", {},
    h("h2", {}, "No meetings yet"),
    h("p", {}, "A meeting begins when a platform asks for it. This one records what is sent to its port:"),
    h("pre", { tabindex: "0" }, h("code", {}, command)),
    h("p", {}, "It appears here at once. The ", h("a", { href: "/docs" }, "API’s reference"), " tells the rest."));
}

import { h } from "../dom.js";
import { clock, spoken } from "../format.js";

const sources = { camera: "camera", screen: "screen", screen_audio: "sound of the screen" };
const kinds = {
  loss: "lost on the way", pause: "paused", consent: "not to be recorded", outage: "the recorder was down", overrun: "came faster than the machine could take",
  storage: "could not be written", masked: "masked",
};
const reasons = {
  malformed: "not RTP", unknown_ssrc: "of nobody's", wrong_address: "from elsewhere", wrong_payload_type: "of another type", out_of_range: "out of range",
  srtp_auth: "forged or plain", srtp_replay: "sent again",
};
const MostGaps = 20;

/** What arrived of each track, what was repaired of it, and where it is missing. */
export function receptionPanel(state) {
  const rows = h("ul.reception");
  const refused = h("p.hint");
  const element = h("details.panel", { id: "reception", hidden: true }, h("summary", {}, h("h2", {}, "Reception")), rows, refused);
  return {
    element,
    /** @param {object} quality as the API answers it */
    show(quality) {
      const open = new Set([...rows.querySelectorAll("details[open]")].map(details => details.dataset.track));
      rows.replaceChildren(...quality.tracks.map(track => trackRow(state, track, open.has(track.track_id))));
      const not = Object.entries(quality.refused ?? {}).filter(([, count]) => count > 0);
      refused.textContent = not.length === 0 ? "" : `Not taken: ${not.map(([reason, count]) => `${number(count)} ${reasons[reason] ?? reason}`).join(", ")}.`;
      element.hidden = quality.tracks.length === 0 && not.length === 0;
    },
  };
}

function trackRow(state, quality, open) {
  const track = state.meeting.tracks.find(({ id }) => id === quality.track_id);
  const { gaps } = quality;
  return h("li", { class: state.speakers.colour(quality.participant.id) },
    h("span.who", {}, h("span.name", {}, state.speakers.name(quality.participant.id)), h("span.status", {}, [sources[track?.source], track?.codec].filter(Boolean).join(" · "))),
    h("dl.numbers", {}, numbersOf(quality).map(([what, value]) => h("div", {}, h("dt", {}, what), h("dd", {}, value)))),
    gaps.length > 0 && h("details.gaps", { "data-track": quality.track_id, open }, h("summary", {}, `${number(gaps.length)}${quality.gaps_truncated ? " and more" : ""} ${gaps.length === 1 ? "gap" : "gaps"}`),
      h("ul", {}, gaps.slice(0, MostGaps).map(gap => h("li", {}, h("span.at", { "aria-label": `at ${spoken(gap.from_ms)}` }, clock(gap.from_ms)), ` ${lasting(gap)} ${kinds[gap.kind] ?? gap.kind}`)),
        gaps.length > MostGaps && h("li", {}, `and ${number(gaps.length - MostGaps)} more`))));
}

function numbersOf(quality) {
  const expected = quality.packets_received + quality.packets_lost;
  if (expected === 0) return [["packets", "none yet"]];
  const share = quality.packets_lost / expected;
  return [
    ["packets", number(quality.packets_received)],
    ["lost", quality.packets_lost === 0 ? "none" : `${number(quality.packets_lost)} (${percent(share)})`],
    quality.packets_recovered > 0 && ["repaired", number(quality.packets_recovered)],
    quality.packets_late > 0 && ["too late", number(quality.packets_late)],
    quality.duplicates > 0 && ["twice", number(quality.duplicates)],
    quality.concealed_ms > 0 && ["filled in", `${number(quality.concealed_ms)} ms`],
    quality.dtx_ms > 0 && ["sent as silence", clock(quality.dtx_ms)],
    ["jitter", `${number(quality.jitter_ms)} ms`],
    Math.abs(quality.clock_drift_ppm) >= 0.5 && ["clock", `${quality.clock_drift_ppm > 0 ? "+" : "−"}${number(Math.abs(Math.round(quality.clock_drift_ppm)))} ppm`],
  ].filter(Boolean);
}

function lasting({ from_ms: from, to_ms: to }) {
  const milliseconds = to - from;
  return milliseconds < 1000 ? `${number(milliseconds)} ms` : `${(milliseconds / 1000).toLocaleString(undefined, { maximumFractionDigits: 1 })} s`;
}

const number = count => count.toLocaleString();
const percent = share => share < 0.0005 ? "under 0.1 %" : `${(100 * share).toLocaleString(undefined, { maximumFractionDigits: 1 })} %`;

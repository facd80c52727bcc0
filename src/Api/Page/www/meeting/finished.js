import { get, getIfThere, meetingPath } from "../api.js";
import { h } from "../dom.js";
import { momentOf } from "../router.js";
import { banner, loading } from "../states.js";
import { filesPanel } from "./files.js";
import { minutesPanel } from "./minutes.js";
import { Player } from "./player.js";
import { playerKeys } from "./player-keys.js";
import { receptionPanel } from "./reception.js";
import { Transcript } from "./transcript.js";
import { Waveform } from "./waveform.js";

/** A meeting that is over: its sound, its words beside it, and what it came to. */
export async function finishedMeeting(root, state, route, signal) {
  const { meeting, speakers } = state;
  root.append(loading("what was recorded"));
  const [files, transcript, quality] = await Promise.all([
    get(meetingPath(meeting.id, "recordings"), signal),
    getIfThere(meetingPath(meeting.id, "transcript?format=json"), signal),
    getIfThere(meetingPath(meeting.id, "quality"), signal),
  ]);
  const segments = transcript?.segments ?? [];
  for (const segment of segments) speakers.know(segment.participant);

  const player = new Player(state, files.data, signal);
  const words = new Transcript(state, segments, player, signal);
  const waveform = new Waveform(state, segments, quality?.tracks ?? [], player, signal);
  const minutes = minutesPanel(state, { show: words.show.bind(words), topics: waveform.setTopics.bind(waveform) }, signal);
  waveform.load(files.data.find(file => file.kind === "waveform" && file.media === "data"), signal);
  playerKeys(player, words, signal);
  const reception = receptionPanel(state);
  if (quality) reception.show(quality);

  root.replaceChildren(
    stateBanner(meeting, segments) ?? "",
    player.playable ? h("section.player", { "aria-label": "Player" }, player.screen, waveform.element, player.bar) : "",
    h("div.two.finished", {},
      h("aside", { "aria-label": "Minutes, files and reception" }, minutes.element, filesPanel(state, files.data, segments), reception.element),
      words.element));
  root.classList.toggle("with-player", player.playable);

  const go = (next, behavior) => {
    const at = momentOf(next);
    if (at !== null) words.show({ start_ms: at }, behavior);
  };
  go(route, "instant");
  // Minutes stand above the transcript on a phone: once they are there, what was asked for may have gone out of sight.
  minutes.loaded.then(() => { if (!signal.aborted && scrollY < innerHeight) go(route, "instant"); });
  return next => go(next);
}

function stateBanner(meeting, segments) {
  if (meeting.status === "failed")
    return banner("bad", "This meeting failed. What was recorded before is kept; parts of it may be missing.");
  if (meeting.status === "processing") return banner("plain", "The files are being made. This page goes on by itself when they are there.");
  if (meeting.captions_status === "deferred")
    return banner("plain", "The recording is whole. The speech engine was away, so ", segments.length > 0 ? "the rest of the text" : "the text", " follows.");
  return null;
}

import { meetingPath, refusalOf } from "../api.js";
import { every, h, icon } from "../dom.js";

/**
 * Plays a meeting's mix while it is made, some seconds behind: HTTP Live Streaming, by the browser itself where it has no media
 * sources. Whoever presses the button hears it; what plays it is loaded only then.
 */
export function listenLive(state, signal) {
  if (!state.meeting.outputs.includes("mix")) return null;
  const audio = h("audio", { id: "live-sound", hidden: true });
  const button = h("button", { type: "button", id: "listen", on: { click: () => listening ? stop("") : listen() } });
  const words = h("p.behind", { role: "status" });
  const element = h("div.listen", {}, button, words, audio);
  let listening = null;   // { leave: AbortController, hls }

  const draw = () => {
    button.replaceChildren(icon(listening ? "pause" : "play"), listening ? "Stop listening" : "Listen live");
    element.hidden = state.meeting.status !== "recording" && listening === null;
  };
  const say = text => { if (words.textContent !== text) words.textContent = text; };

  async function listen() {
    const mine = listening = { leave: new AbortController(), hls: null };
    draw();
    say("Connecting…");
    const playlist = meetingPath(state.meeting.id, "live/index.m3u8");
    try {
      await untilThere(playlist, say, mine.leave.signal);
      const { default: Hls } = await import("../vendor/hls.light-1.7.4.js");
      if (mine !== listening) return;
      if (Hls.isSupported()) mine.hls = playWith(Hls, playlist, mine);
      else audio.src = playlist;
      await audio.play();
    } catch (error) {
      if (mine === listening && error.name !== "AbortError") stop(error.name === "NotAllowedError" ? "The browser does not let this page play sound." : error.message);
    }
  }

  function playWith(Hls, playlist, mine) {
    const hls = new Hls({ enableWorker: false, backBufferLength: 30, liveSyncDurationCount: 2 });   // a worker would be a script from nowhere
    hls.on(Hls.Events.ERROR, (_, { fatal, type }) => {
      if (!fatal || mine !== listening) return;
      if (type === Hls.ErrorTypes.MEDIA_ERROR) return hls.recoverMediaError();
      stop("");
      listen();
    });
    hls.loadSource(playlist);
    hls.attachMedia(audio);
    return hls;
  }

  function stop(why) {
    listening?.leave.abort();
    listening?.hls?.destroy();
    listening = null;
    audio.pause();
    audio.removeAttribute("src");
    draw();
    say(why);
  }

  audio.addEventListener("ended", () => stop("That was all of it."));
  audio.addEventListener("error", () => { if (listening && !listening.hls) stop("This browser cannot play it."); });
  every(1000, signal, () => {
    const heard = listening?.hls?.playingDate;
    if (heard && !audio.paused && audio.currentTime > 0) say(`${Math.max(1, Math.round((Date.now() - heard) / 1000))} s behind`);
  });
  state.onChange(signal, draw);
  signal.addEventListener("abort", () => stop(""));
  draw();
  return element;
}

/** The first seconds of a meeting there is nothing to hear, and a server may be away: it says when to ask again, or is asked every two seconds. */
async function untilThere(playlist, say, signal) {
  for (;;) {
    let wait = 2;
    try {
      const answer = await fetch(playlist, { signal });
      if (answer.ok) return answer.body?.cancel();
      const refused = await refusalOf(answer);
      if (refused.retryAfter === null) throw refused;
      wait = refused.retryAfter;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      say("The connection is gone. Trying again…");
    }
    await new Promise(resolve => { setTimeout(resolve, wait * 1000); });
    signal.throwIfAborted();
  }
}

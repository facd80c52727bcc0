import { h, icon } from "../dom.js";
import { clock } from "../format.js";
import { meetingPath } from "../api.js";

const Speeds = [0.75, 1, 1.25, 1.5, 1.75, 2, 2.5];

/**
 * Plays a meeting's files. All have the meeting's length, so going from one to another keeps the moment.
 * Tells `position` for every frame while it plays, and whenever the moment changes.
 */
export class Player extends EventTarget {
  #media;
  #sources;
  #toggle;
  #time;
  #problem;
  #wanted = null;   // asked for before there was anything to play

  constructor({ meeting, speakers }, files, signal) {
    super();
    this.duration = meeting.duration_ms;
    this.#sources = sourcesOf(meeting, files, speakers);
    this.#media = h("video", { preload: "metadata", playsinline: true },
      h("track", { kind: "captions", label: "Transcript", src: meetingPath(meeting.id, "transcript?format=vtt"), srclang: meeting.language === "auto" ? "en" : meeting.language }));
    this.screen = h("div.screen", { hidden: true }, this.#media);
    this.bar = this.#makeBar(speakers);
    this.#listen();
    if (this.playable) this.#use(this.#sources[0]);
    signal.addEventListener("abort", () => { this.#media.pause(); this.#media.removeAttribute("src"); this.#media.load(); });
  }

  get playable() { return this.#sources.length > 0; }
  get playing() { return this.playable && !this.#media.paused; }
  /** Milliseconds since the meeting began. */
  get position() { return this.#wanted ?? this.#media.currentTime * 1000; }

  seek(milliseconds) {
    const to = Math.min(Math.max(0, milliseconds), this.duration);
    if (this.#media.readyState === 0) this.#wanted = to;
    else this.#media.currentTime = to / 1000;
    this.#tell();
  }

  skip(milliseconds) { this.seek(this.position + milliseconds); }

  toggle() {
    if (!this.playable) return;
    if (this.playing) this.#media.pause();
    else this.#media.play().catch(() => { /* told by `error`, or the reader paused at once */ });
  }

  #use(source) {
    const { position, playing } = this;
    const rate = this.#media.playbackRate;
    this.#problem.textContent = "";
    this.#wanted = position;
    this.screen.hidden = source.media !== "video";
    this.#media.src = source.url;
    this.#media.playbackRate = this.#media.defaultPlaybackRate = rate;
    if (playing) this.toggle();
  }

  #makeBar() {
    this.#toggle = h("button.primary.icon-only.toggle", { type: "button", id: "play", on: { click: () => this.toggle() } });
    this.#time = h("span.time", { id: "position" });
    this.#problem = h("p.field-error", { role: "alert" });
    const skip = (seconds, label, picture) => h("button.quiet.icon-only", { type: "button", "aria-label": label, title: label, on: { click: () => this.skip(seconds * 1000) } }, icon(picture));
    const speed = h("select", { id: "speed", "aria-label": "Speed", on: { change: () => { this.#media.playbackRate = this.#media.defaultPlaybackRate = Number(speed.value); } } },
      Speeds.map(value => h("option", { value, selected: value === 1 }, `${value}×`)));
    const source = h("select", { id: "source", "aria-label": "What is played", on: { change: () => this.#use(this.#sources[source.selectedIndex]) } },
      this.#sources.map(({ label }) => h("option", {}, label)));
    return h("div.bar", {},
      skip(-10, "Back 10 seconds", "back"), this.#toggle, skip(10, "Ahead 10 seconds", "ahead"), this.#time,
      h("span.space"), source, speed, this.#problem);
  }

  #listen() {
    const media = this.#media;
    const drawToggle = () => {
      this.#toggle.replaceChildren(icon(media.paused ? "play" : "pause"));
      this.#toggle.setAttribute("aria-label", media.paused ? "Play" : "Pause");
      this.#toggle.title = media.paused ? "Play (Space)" : "Pause (Space)";
    };
    const frame = () => {
      this.#tell();
      if (!media.paused) requestAnimationFrame(frame);
    };
    media.addEventListener("play", () => { drawToggle(); requestAnimationFrame(frame); });
    media.addEventListener("pause", drawToggle);
    media.addEventListener("seeked", () => this.#tell());
    media.addEventListener("loadedmetadata", () => {
      if (this.#wanted !== null) media.currentTime = this.#wanted / 1000;
      this.#wanted = null;
      this.#tell();
    });
    media.addEventListener("error", () => {
      if (media.getAttribute("src")) this.#problem.textContent = "This browser cannot play that file. It can be downloaded below.";
    });
    drawToggle();
    this.#tell();
  }

  #tell() {
    const text = `${clock(this.position)} / ${clock(this.duration)}`;
    if (this.#time.textContent !== text) this.#time.textContent = text;
    this.dispatchEvent(new Event("position"));
  }
}

/** The mix first, then pictures, then each voice alone. What was asked for later may be a part, out of step with the transcript. */
function sourcesOf(meeting, files, speakers) {
  const order = { mix: 0, video: 1, track: 2 };
  return files
    .filter(file => file.kind in order && !file.render)
    .sort((a, b) => order[a.kind] - order[b.kind])
    .map(file => ({ url: file.url, media: file.media, label: fileLabel(meeting, file, speakers) }));
}

/** "Everybody", "Picture", "Laura", "Laura, camera"; of what was asked for later also which part: "Laura and Tom, 1:00 to 2:30". */
export function fileLabel(meeting, file, speakers) {
  if (file.render) {
    const { participants, from_ms, to_ms } = file.render;
    const who = participants ? participants.map(id => speakers.name(id)).join(" and ") : "Everybody";
    return `${file.kind === "video" ? "Picture, " : ""}${who}, ${clock(from_ms)} to ${clock(to_ms)}`;
  }
  if (file.kind === "mix") return "Everybody";
  if (file.kind === "video") return "Picture and everybody";
  if (file.kind === "waveform") return "Waveform";
  if (file.kind === "thumbnail") return "Thumbnail";
  const track = meeting.tracks.find(track => track.id === file.track_id);
  if (!track) return "Track";
  const name = speakers.name(track.participant.id);
  return track.source === "microphone" ? name : `${name}, ${track.source.replace("_", " ")}`;
}

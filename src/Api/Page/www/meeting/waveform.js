import { get } from "../api.js";
import { h } from "../dom.js";
import { clock, spoken } from "../format.js";

const WaveHeight = 56, LaneHeight = 5, LaneGap = 2, Bar = 3;
const MostLanes = 12;

/** The whole meeting in one picture: how loud, who spoke, what is missing; and a slider to go anywhere in it. */
export class Waveform {
  #player; #segments; #quality; #speakers; #peaks = []; #topics = []; #played = null; #unplayed = null;
  #canvas = h("canvas", { "aria-hidden": "true" });
  #hover = h("span.hover-time", { "aria-hidden": "true", hidden: true });

  constructor({ meeting, speakers }, segments, quality, player, signal) {
    this.#player = player;
    this.#segments = segments;
    this.#quality = quality;
    this.#speakers = speakers;
    this.element = h("div.waveform", {
      id: "waveform", role: "slider", tabindex: 0, "aria-label": "Position", "aria-valuemin": 0, "aria-valuemax": Math.round(meeting.duration_ms / 1000),
    }, this.#canvas, this.#hover);
    this.#listen(signal);
  }

  /** @param {object|undefined} file the recording of kind `waveform`: audiowaveform's JSON, version 2 */
  async load(file, signal) {
    if (!file) return;
    try {
      const { data, bits = 8, sample_rate: rate, samples_per_pixel: pixel } = await get(file.url, signal);
      const full = 2 ** (bits - 1);
      this.#peaks = Array.from({ length: data.length / 2 }, (_, i) => Math.max(-data[2 * i], data[2 * i + 1]) / full);
      this.pixelMs = 1000 * pixel / rate;
      this.#draw();
    } catch { /* the lanes are enough to go by */ }
  }

  setTopics(topics) {
    this.#topics = topics;
    this.#draw();
  }

  #listen(signal) {
    const { element } = this;
    const player = this.#player;
    const at = event => {
      const box = element.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * player.duration;
    };
    element.addEventListener("pointerdown", event => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      player.seek(at(event));
    });
    element.addEventListener("pointermove", event => {
      const share = at(event) / player.duration;
      this.#hover.hidden = false;
      this.#hover.textContent = clock(at(event));
      this.#hover.style.setProperty("--at", share.toFixed(4));
      if (element.hasPointerCapture(event.pointerId)) player.seek(at(event));
    });
    element.addEventListener("pointerleave", () => { this.#hover.hidden = true; });
    element.addEventListener("keydown", event => {
      const steps = { ArrowRight: 5000, ArrowUp: 5000, ArrowLeft: -5000, ArrowDown: -5000, PageUp: 60_000, PageDown: -60_000 };
      if (event.key in steps) player.skip(steps[event.key]);
      else if (event.key === "Home") player.seek(0);
      else if (event.key === "End") player.seek(player.duration);
      else if (event.key === " ") player.toggle();
      else return;
      event.preventDefault();
    });
    player.addEventListener("position", () => { this.#tell(); this.#compose(); }, { signal });
    const size = new ResizeObserver(() => this.#draw());
    size.observe(element);
    signal.addEventListener("abort", () => size.disconnect());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw(), { signal });
    this.#tell();
  }

  #tell() {
    const now = this.#player.position;
    const second = Math.floor(now / 1000);
    if (this.second === second) return;
    this.second = second;
    const speaking = [...new Set(this.#segments.filter(segment => segment.start_ms <= now && now < segment.end_ms).map(segment => this.#speakers.name(segment.participant.id)))];
    this.element.setAttribute("aria-valuenow", second);
    this.element.setAttribute("aria-valuetext",
      `${spoken(now)} of ${spoken(this.#player.duration)}${speaking.length > 0 ? `, ${speaking.join(" and ")} speaking` : ""}`);
  }

  /** Both states of everything, once; each frame only puts them together. */
  #draw() {
    const width = this.element.clientWidth;
    if (width === 0) return;
    const lanes = Math.min(MostLanes, this.#speakers.ids.length);
    const height = WaveHeight + lanes * (LaneHeight + LaneGap) + 6;
    const scale = devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#canvas.style.setProperty("height", `${height}px`);
    const style = getComputedStyle(this.element);
    const colour = name => style.getPropertyValue(name).trim();
    this.#unplayed = this.#layer(width, height, scale, colour, colour("--wave"));
    this.#played = this.#layer(width, height, scale, colour, colour("--accent"));
    this.#compose();
  }

  #layer(width, height, scale, colour, waveColour) {
    const layer = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
    const pen = layer.getContext("2d");
    pen.scale(scale, scale);
    const x = milliseconds => milliseconds / this.#player.duration * width;

    pen.fillStyle = colour("--gap");
    for (const { gaps } of this.#quality)
      for (const gap of gaps) if (gap.kind === "pause") pen.fillRect(x(gap.from_ms), 0, Math.max(1, x(gap.to_ms - gap.from_ms)), WaveHeight);

    pen.fillStyle = waveColour;
    const loudest = Math.max(0.02, ...bars(this.#peaks, 1000));
    const count = Math.floor(width / Bar);
    bars(this.#peaks, count, this.#player.duration / (this.pixelMs ?? 100)).forEach((peak, i) => {
      const tall = Math.max(1.5, (peak / loudest) ** 0.7 * (WaveHeight - 4));
      pen.beginPath();
      pen.roundRect(i * Bar, (WaveHeight - tall) / 2, Bar - 1, tall, 1);
      pen.fill();
    });

    pen.fillStyle = colour("--edge");
    for (const topic of this.#topics.slice(1)) pen.fillRect(x(topic.start_ms), 0, 1, WaveHeight);

    this.#speakers.ids.slice(0, MostLanes).forEach((id, lane) => {
      const top = WaveHeight + 6 + lane * (LaneHeight + LaneGap);
      pen.fillStyle = colour("--line");
      pen.fillRect(0, top + LaneHeight / 2 - 0.5, width, 1);
      pen.fillStyle = colour("--gap");
      for (const track of this.#quality.filter(track => track.participant.id === id))
        for (const gap of track.gaps) pen.fillRect(x(gap.from_ms), top, Math.max(1, x(gap.to_ms - gap.from_ms)), LaneHeight);
      pen.fillStyle = colour(`--${this.#speakers.colour(id)}`);
      for (const segment of this.#segments) {
        if (segment.participant.id !== id) continue;
        pen.beginPath();
        pen.roundRect(x(segment.start_ms), top, Math.max(1.5, x(segment.end_ms - segment.start_ms)), LaneHeight, 2);
        pen.fill();
      }
    });
    return layer;
  }

  #compose() {
    if (!this.#played) return;
    const { width, height } = this.#canvas;
    const pen = this.#canvas.getContext("2d");
    const split = Math.round(this.#player.position / Math.max(1, this.#player.duration) * width);
    pen.clearRect(0, 0, width, height);
    if (split < width) pen.drawImage(this.#unplayed, split, 0, width - split, height, split, 0, width - split, height);
    if (split > 0) pen.drawImage(this.#played, 0, 0, split, height, 0, 0, split, height);
    pen.fillStyle = getComputedStyle(this.element).getPropertyValue("--ink");
    pen.fillRect(Math.min(split, width - 2), 0, Math.max(1, Math.round(devicePixelRatio)), height);
  }
}

/** The loudest of what falls into each of `count` bars; `whole` pixels would be the meeting's length. */
function bars(peaks, count, whole = peaks.length) {
  return Array.from({ length: count }, (_, i) => {
    let loudest = 0;
    for (let at = Math.floor(i * whole / count), end = Math.max(at + 1, Math.floor((i + 1) * whole / count)); at < end; at++) loudest = Math.max(loudest, peaks[at] ?? 0);
    return loudest;
  });
}

import { meetingPath, query } from "../api.js";
import { h, icon } from "../dom.js";
import { bytes, length } from "../format.js";
import { fileLabel } from "./player.js";

const formats = { json: "JSON", vtt: "WebVTT", srt: "SubRip", txt: "Text" };

/** What can be taken away. */
export function filesPanel({ meeting, speakers }, recordings, segments) {
  const files = recordings.filter(file => file.media !== "image");                   // those are for other pages to show
  if (files.length === 0 && segments.length === 0) return "";
  return h("details.panel", { id: "files", open: matchMedia("(min-width: 60rem)").matches }, h("summary", {}, h("h2", {}, "Files")),
    files.length > 0 ? h("ul.files", {}, files.map(file => h("li", {},
      h("a", { href: file.url, download: true }, icon("download"), fileLabel(meeting, file, speakers)),
      h("span.facts", {}, h("span", {}, kindOf(file)), file.duration_ms > 0 ? h("span", {}, length(file.duration_ms)) : null, h("span", {}, bytes(file.bytes)))))) : null,
    segments.length > 0 ? h("p.formats", {}, h("span", {}, "Transcript"),
      Object.entries(formats).map(([format, label]) =>
        h("a", { href: meetingPath(meeting.id, "transcript") + query({ format }), download: `transcript.${format}` }, label))) : null);
}

const kindOf = file => file.content_type.replace(/^.*\//, "").replace(/^mp4$/, file.media === "audio" ? "m4a" : "mp4").toUpperCase();

// Times and amounts as people read them, in the reader's own language and time zone.

const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayAndYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** 83400 → "1:23", 3683400 → "1:01:23". */
export function clock(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = String(seconds % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** 83400 → "1 minute 23 seconds": for ears. */
export function spoken(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [[Math.floor(seconds / 3600), "hour"], [Math.floor(seconds / 60) % 60, "minute"], [seconds % 60, "second"]]
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`);
  return parts.length > 0 ? parts.join(" ") : "0 seconds";
}

/** "23 min", "1 h 05 min", "48 s". */
export function length(milliseconds) {
  const seconds = milliseconds > 0 ? Math.max(1, Math.floor(milliseconds / 1000)) : 0;   // whole ones, as a clock counts
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** "Today", "Yesterday", "Tuesday, March 3". */
export function dayOf(date, now = new Date()) {
  const days = Math.round((midnight(now) - midnight(date)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return date.getFullYear() === now.getFullYear() ? day.format(date) : dayAndYear.format(date);
}

export const timeOf = date => time.format(date);

/** Everything about a moment, zone included; for titles. */
export const momentOf = date => whole.format(date);

/** "3 minutes ago". */
export function ago(date, now = new Date()) {
  const seconds = (date - now) / 1000;
  for (const [unit, size] of [["day", 86_400], ["hour", 3600], ["minute", 60]])
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  return "just now";
}

/** A day of a calendar, "2026-03-06", in no zone: "Friday, March 6". */
export function dueDay(iso) {
  const [year, month, date] = iso.split("-").map(Number);
  return day.format(new Date(year, month - 1, date));
}

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  const step = Math.min(3, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** step).toLocaleString(undefined, { maximumSignificantDigits: 3 })} ${["B", "kB", "MB", "GB"][step]}`;
}

/** A meeting nobody named is known by its time. */
export const titleOf = meeting => meeting.title.trim() || "Untitled meeting";

export const people = count => `${count} ${count === 1 ? "person" : "people"}`;

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

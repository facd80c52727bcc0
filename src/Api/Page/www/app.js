import * as api from "./api.js";
import { h, notify } from "./dom.js";
import { parse, takeToken, toMeeting } from "./router.js";
import { askForKey } from "./dialogs.js";
import { brokenState } from "./states.js";
import { signInView } from "./views/sign-in.js";
import { meetingsView } from "./views/meetings.js";
import { meetingView } from "./views/meeting.js";

// Shows the view that the address names. A view is `view(root, route, signal)`: it fills the root, and all it does ends with the signal;
// it may give back a function that takes the next route of the same thing, so that going to another moment of a meeting loads nothing.

const main = document.getElementById("main");
const signOut = document.getElementById("sign-out");

let current = null;   // { name, leave: AbortController, update }
let signedIn = false;
let onlyMeeting = null;   // all there is for who came with a viewer's link

function viewOf(route) {
  const [first, id] = route.path;
  if (first === undefined) return { name: "meetings", view: meetingsView, title: "Meetings" };
  if (first === "meetings" && id && route.path.length === 2) return { name: `meeting ${id}`, view: meetingView, title: "Meeting" };
  return { name: "nothing", view: nothingView, title: "Not found" };
}

function show() {
  if (onlyMeeting && parse(location.hash).path.length === 0) history.replaceState(null, "", toMeeting(onlyMeeting));
  const route = parse(location.hash);
  const { name, view, title } = signedIn ? viewOf(route) : { name: "sign-in", view: signInView, title: "Sign in" };
  if (current?.name === name && current.update) return current.update(route);

  const first = current === null;
  current?.leave.abort();
  const leave = new AbortController();
  current = { name, leave, update: null };
  document.title = `${title} · Pipeline`;
  signOut.hidden = !signedIn;
  const root = h("div.view");
  main.replaceChildren(root);
  scrollTo(0, 0);
  if (!first) main.focus({ preventScroll: true });   // a screen reader starts at what is new

  const mine = current;
  Promise.resolve(view(root, route, leave.signal))
    .then(update => { mine.update = update ?? null; })
    .catch(error => {
      if (leave.signal.aborted || error.name === "AbortError") return;
      if (error.status === 401) return;   // signed-out was told: the sign-in is there already
      root.replaceChildren(brokenState(error, again));
      if (!error.status && error.status !== 0) throw error;
    });
}

function again() {
  current?.leave.abort();
  current = null;
  show();
}

function nothingView(root) {
  root.append(h("section.state", {}, h("h1", {}, "There is nothing here"), h("p", {}, h("a", { href: "#/" }, "All meetings"))));
}

async function start() {
  api.onKeyNeeded(askForKey);
  addEventListener("hashchange", arrive);
  addEventListener("signed-in", event => { enter(event.detail); show(); });
  addEventListener("signed-out", () => {
    if (!signedIn) return;
    signedIn = false;
    onlyMeeting = null;
    api.forgetKey();
    again();
  });
  signOut.addEventListener("click", async () => {
    try { await api.signOut(); } catch (error) { return notify(error.message); }
    dispatchEvent(new Event("signed-out"));
  });
  await arrive(null);
}

/** At the start, and whenever the address changes: a viewer's link may be pasted into an open page. */
async function arrive(event) {
  const token = takeToken();
  try {
    if (token !== null) enter(await api.signIn(token));
    else if (event === null) {
      const session = await api.session();
      if (session !== null) enter(session);
    }
  } catch (error) {
    if (token !== null && error.status === 401) notify("This link is no longer valid.");
    else {
      main.replaceChildren(brokenState(error, () => location.reload()));
      return;
    }
  }
  show();
}

function enter(session) {
  signedIn = true;
  onlyMeeting = session?.meeting ?? null;
  current?.leave.abort();
  current = null;
}

start();

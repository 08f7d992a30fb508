// Keeps a page live: when the server tells of a change, asks for the same page again and puts in the parts that differ.
// Parts are marked `data-live` and known by their id; a list marked `data-live-list` takes up and drops such parts.
// Without this script every page is complete and shows the moment it was asked for.

const PAUSE_MS = 250; // many changes at once are one look
const PATROL_MS = 15000; // banners and counts change without any call

const stream = document.body.dataset.stream;
const shown = new Map(); // what the server last said of each part, so that what a reader opened stays open

const parts = (root) => [...root.querySelectorAll("[data-live]")];
const isPlaying = (part) => [...part.querySelectorAll("audio")].some((player) => !player.paused);
const holdsFocus = (part) => part.contains(document.activeElement);

function opened(part) {
  return [...part.querySelectorAll("details")].map((details) => details.open);
}

function replace(part, fresh) {
  if (part.matches("[role=status]")) {
    // Screen readers announce what changes within such a part, not a new one in its place.
    part.replaceChildren(...fresh.childNodes);
    return;
  }
  const open = opened(part);
  part.replaceWith(fresh);
  [...fresh.querySelectorAll("details")].forEach((details, at) => { details.open = open[at] ?? false; });
}

function update(fresh) {
  for (const part of parts(fresh)) {
    const here = document.getElementById(part.id);
    if (!here || shown.get(part.id) === part.outerHTML) continue;
    if (isPlaying(here) || holdsFocus(here)) continue;
    shown.set(part.id, part.outerHTML);
    replace(here, document.importNode(part, true));
  }
  for (const list of fresh.querySelectorAll("[data-live-list]")) {
    const here = document.getElementById(list.id);
    for (const item of list.children) {
      if (here && !document.getElementById(item.id)) {
        shown.set(item.id, item.outerHTML);
        here.append(document.importNode(item, true));
      }
    }
  }
}

let isLooking = false;
let isStale = false;

async function look() {
  if (isLooking) { isStale = true; return; }
  isLooking = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
    if (answer.redirected && new URL(answer.url).pathname === "/login") { location.assign(answer.url); return; }
    if (answer.ok) update(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The server is away for a moment: the stream comes back by itself, and so does the next look.
  } finally {
    isLooking = false;
    if (isStale) { isStale = false; soon(); }
  }
}

let waiting;
function soon() {
  waiting ??= setTimeout(() => { waiting = undefined; look(); }, PAUSE_MS);
}

function follow() {
  for (const part of parts(document)) shown.set(part.id, part.outerHTML);
  const news = new EventSource(stream);
  news.addEventListener("change", soon);
  news.addEventListener("missed", soon);
  setInterval(() => { if (!document.hidden) look(); }, PATROL_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  addEventListener("pagehide", () => news.close());
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// A page that answers a sent form has no address of its own to ask for again.
const isFetchable = !document.querySelector("[role=alert]");
if (stream && isFetchable) follow();

// The page of the softphone: what somebody sees and presses. What a call takes is in trunkline-calls.js, which is meant to be copied.
import { TrunklineCalls, Refused } from "./trunkline-calls.js";

const at = (id) => document.getElementById(id);
const texts = at("softphone").dataset;
const TOKEN = "trunkline-user-token";
// /softphone?relay=only shows whether your TURN servers do.
const relay = new URLSearchParams(location.search).get("relay") ?? "if-needed";

let calls;
/** Whether there is a token that may open something. */
let isIn = false;

/** A text of the page, by what it is for. */
function say(kind, word) {
  const key = `${kind}${word.replace(/(^|_)([a-z])/g, (_, __, letter) => letter.toUpperCase())}`;
  return texts[key] ?? word;
}

function show() {
  const { call, connected } = calls;
  at("connection").dataset.state = connected ? "on" : "off";
  at("connection").textContent = say("connection", at("connection").dataset.state);
  at("sign-in").hidden = isIn;
  at("dial").hidden = !isIn || (Boolean(call) && call.state !== "ended");
  at("call").hidden = !call;
  if (!call) return;
  at("peer").textContent = call.name ?? call.peer;
  at("state").textContent = say("state", call.state);
  at("state").dataset.state = call.state;
  at("reason").textContent = call.state === "ended" ? `${say("reason", call.reason)} · ${call.seconds} s` : "";
  at("quality").textContent = call.state === "talking" && call.quality ? say("quality", call.quality) : "";
  const isOver = call.state === "ended";
  at("accept").hidden = at("reject").hidden = call.state !== "incoming";
  at("end").hidden = isOver || call.state === "incoming";
  at("mute").hidden = at("end").hidden;
  at("camera").hidden = at("end").hidden || !call.video;
  at("mute").setAttribute("aria-pressed", String(Boolean(call.muted)));
  at("camera").setAttribute("aria-pressed", String(!call.camera));
  at("videos").hidden = isOver || !call.video;
  if (at("own").srcObject !== calls.local) at("own").srcObject = calls.local;
}

async function attempt(work) {
  at("trouble").textContent = "";
  try {
    await work();
  } catch (error) {
    at("trouble").textContent = error instanceof Refused ? error.message : say("trouble", error instanceof DOMException || !isSecureContext ? "media" : "other");
  }
}

function phone() {
  const calls = new TrunklineCalls({ token: () => sessionStorage.getItem(TOKEN), relay });
  calls.addEventListener("change", show);
  calls.addEventListener("remote", ({ detail }) => {
    for (const player of [at("sound"), at("theirs")]) play(player, detail);
  });
  calls.addEventListener("unauthorized", () => {
    calls.disconnect();
    sessionStorage.removeItem(TOKEN);
    isIn = false;
    at("trouble").textContent = say("trouble", "token");
    show();
  });
  return calls;
}

async function play(player, stream) {
  if (player.srcObject === stream) return;
  player.srcObject = stream;
  try {
    await player.play();
  } catch (error) {
    if (error.name !== "NotAllowedError") return;
    // Browsers let no page sound that nobody has touched yet.
    at("trouble").textContent = say("trouble", "sound");
    document.addEventListener("click", () => { at("trouble").textContent = ""; player.play(); }, { once: true });
  }
}

/** A call that is under way outlives the token that it began with. */
async function signIn(token) {
  sessionStorage.setItem(TOKEN, token);
  isIn = true;
  await attempt(() => {
    calls ??= phone();
    return calls.connect();
  });
  if (calls) show();
}

at("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(at("token").value.trim());
});
at("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  const video = event.submitter?.value === "video";
  attempt(() => calls.place(at("receiver").value.trim(), { video }));
});
at("accept").addEventListener("click", () => attempt(() => calls.accept()));
at("reject").addEventListener("click", () => attempt(() => calls.reject()));
at("end").addEventListener("click", () => attempt(() => calls.end()));
at("mute").addEventListener("click", () => calls.mute(!calls.call.muted));
at("camera").addEventListener("click", () => calls.camera(!calls.call.camera));

const kept = sessionStorage.getItem(TOKEN);
if (kept) signIn(kept);

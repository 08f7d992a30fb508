// Calls between users of your app, from browser to browser, through a Trunkline server. One file, no dependencies: copy it.
//
//   import { TrunklineCalls } from "./trunkline-calls.js";
//   const calls = new TrunklineCalls({ token: () => fetch("/my/token").then((answer) => answer.text()) });
//   calls.addEventListener("change", () => show(calls.call));              // see `call` below
//   calls.addEventListener("incoming", ({ detail }) => ring(detail));      // detail.call_id, caller_id, caller_username, call_type
//   calls.addEventListener("remote", ({ detail }) => { audio.srcObject = detail; });
//   await calls.connect();
//   await calls.place("bob", { video: false });
//
// The server alone knows where a call stands; this file does what it says. `call` is null, or
//   { id, peer, video, state, muted, camera, quality, reason, seconds }
//   state: calling, ringing (they are being told), incoming, connecting, talking, reconnecting, ended
//   quality, while talking: good, fair, poor
// A page that is loaded again in mid-call goes on with it: what that takes is kept in sessionStorage.

const KEPT = "trunkline-call";
const DEVICE = "trunkline-device";
const LONGEST_WAIT_MS = 10_000; // between two tries to connect
const STATS_MS = 2_000;
const SHORTEST_RENEWAL_MS = 30_000;

/** What the server answered that it would not do. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail ?? problem.title);
    this.code = problem.code;
    this.status = problem.status;
  }
}

export class TrunklineCalls extends EventTarget {
  #url; #token; #device; #socket; #tries = 0; #closed = false;
  #pc; #local; #early = []; #resuming = false; #stats; #renewal; #lost;

  /** The one call there is, or null. */
  call = null;
  /** Whether the server hears this page. */
  connected = false;
  /** Own sound and picture while there is a call. */
  get local() { return this.#local ?? null; }

  /**
   * @param {object} how
   * @param {string} [how.url] where the server is; this page's own, if left out
   * @param {() => Promise<string> | string} how.token a user's token (JWT), asked for whenever one is needed
   */
  constructor({ url = location.origin, token }) {
    super();
    this.#url = url.replace(/\/$/, "");
    this.#token = token;
    this.#device = sessionStorage.getItem(DEVICE) ?? `web-${crypto.randomUUID()}`;
    sessionStorage.setItem(DEVICE, this.#device);
  }

  /** Connects, and stays connected; goes on with the call that this page had before it was loaded again. */
  async connect() {
    this.#closed = false;
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    if (kept && !this.call) {
      this.#local = await media(kept.video);
      this.#resuming = true;
      this.#now({ ...kept, state: "reconnecting", muted: false, camera: kept.video });
    }
    await this.#open();
  }

  /** Leaves. A call under way is not ended by that. */
  disconnect() {
    this.#closed = true;
    this.#socket?.close();
  }

  /** Calls somebody. */
  async place(receiver, { video = false, conversation } = {}) {
    if (this.call && this.call.state !== "ended") throw new Error("there is a call already");
    this.#local = await media(video);
    const order = { receiver_id: receiver, call_type: video ? "video" : "voice", device_id: this.#device };
    if (conversation) order.conversation_id = conversation;
    try {
      const placed = await this.#ask("POST", "/api/calls/initiate", order);
      // Both called each other: the other one's call was there first, and is the one.
      const calls = placed.receiver_id === receiver;
      this.#begin(placed, receiver, video, calls, placed.status === "answered" ? "connecting" : "calling");
      if (placed.state === "ended") this.#over(placed.status, 0);
    } catch (error) {
      this.#stopMedia();
      throw error;
    }
  }

  /** Takes the call that comes in. */
  async accept() {
    const { id, peer, video } = this.call;
    this.#local = await media(video);
    try {
      const taken = await this.#ask("POST", `/api/calls/${id}/accept`, { device_id: this.#device });
      this.#begin(taken, peer, video, false, "connecting");
    } catch (error) {
      this.#over(error.code ?? "failed", 0);
      throw error;
    }
  }

  /** Refuses the call that comes in. */
  async reject() {
    await this.#ask("POST", `/api/calls/${this.call.id}/reject`);
  }

  /** Hangs up, or gives up. */
  async end() {
    const { id } = this.call;
    await this.#ask("POST", `/api/calls/${id}/end`, { device_id: this.#device });
  }

  mute(muted) {
    for (const track of this.#local?.getAudioTracks() ?? []) track.enabled = !muted;
    this.#now({ ...this.call, muted });
  }

  camera(camera) {
    for (const track of this.#local?.getVideoTracks() ?? []) track.enabled = camera;
    this.#now({ ...this.call, camera });
  }

  /** The user's own calls, newest first; `filters` as GET /api/calls takes them. */
  history(filters = {}) {
    return this.#ask("GET", `/api/calls?${new URLSearchParams(filters)}`);
  }

  // The server, asked over HTTP.

  async #ask(method, path, body) {
    const headers = { authorization: `Bearer ${await this.#token()}` };
    if (body) headers["content-type"] = "application/json";
    const answer = await fetch(this.#url + path, { method, headers, body: body && JSON.stringify(body) });
    const said = await answer.json();
    if (!answer.ok) throw new Refused(said);
    return said;
  }

  // The socket.

  async #open() {
    try {
      // A token that lives long has no business in an address: a ticket opens one socket, once.
      const { ticket } = await this.#ask("POST", "/api/calls/ticket");
      const query = new URLSearchParams({ token: ticket, device_id: this.#device });
      const socket = new WebSocket(`${this.#url.replace(/^http/, "ws")}/ws?${query}`);
      this.#socket = socket;
      socket.addEventListener("message", ({ data }) => this.#hear(JSON.parse(data)));
      socket.addEventListener("close", ({ code }) => { if (socket === this.#socket) this.#away(code); });
    } catch (error) {
      this.#away(error instanceof Refused && error.status === 401 ? 4401 : 1006);
    }
  }

  #away(code) {
    this.connected = false;
    this.#tell("change");
    // Another page is this device now, or the user has too many.
    if (this.#closed || code === 4409 || code === 4429) return;
    if (code === 4401) this.#tell("unauthorized");
    const wait = Math.min(LONGEST_WAIT_MS, 250 * 2 ** this.#tries++) * (0.5 + Math.random() / 2);
    setTimeout(() => { if (!this.#closed) this.#open(); }, wait);
  }

  #say(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  async #hear(frame) {
    const mine = this.call && frame.call_id === this.call.id && this.call.state !== "ended";
    switch (frame.type) {
      case "connection.ack":
        this.connected = true;
        this.#tries = 0;
        if (this.call && ["connecting", "talking", "reconnecting"].includes(this.call.state)) this.#comeBack();
        return this.#tell("change");
      case "call.incoming":
        if (this.call && this.call.state !== "ended") return undefined;
        this.#now({ id: frame.call_id, peer: frame.caller_id, name: frame.caller_username, video: frame.call_type === "video", state: "incoming" });
        return this.#tell("incoming", frame);
      case "error":
        return this.#tell("fault", frame);
      default:
        if (!mine) return undefined;
    }
    // Until this page is known again, what it hears was meant for the one before.
    if (this.#resuming && !["call.resumed", "call.ended"].includes(frame.type)) return undefined;
    switch (frame.type) {
      case "call.ringing": return this.#now({ ...this.call, state: "ringing" });
      case "call.accepted":
        if (this.call.calls) { this.#now({ ...this.call, state: "connecting" }); await this.#offer(); }
        return undefined;
      case "call.offer": return this.#answer(frame.offer);
      case "call.answer": return this.#settle(frame.answer);
      case "call.ice-candidate": return this.#candidate(frame.candidate);
      case "call.reconnecting": return this.#now({ ...this.call, state: "reconnecting" });
      case "call.resumed":
        this.#resuming = false;
        if (frame.ice_restart) return this.#offer();
        return this.#now({ ...this.call, state: this.#pc?.connectionState === "connected" ? "talking" : "connecting" });
      case "call.ended": return this.#over(frame.reason, frame.duration_seconds);
      default: return undefined;
    }
  }

  #comeBack() {
    const kept = ["connected", "connecting", "new"].includes(this.#pc?.connectionState);
    this.#say({ type: "resume", call_id: this.call.id, token: this.call.resume, media: kept ? "kept" : "lost" });
  }

  // The connection to the other browser.

  async #connection() {
    this.#hangUp();
    const { ice_servers: iceServers, ttl_seconds: ttl } = await this.#ask("GET", "/api/ice-servers");
    const pc = new RTCPeerConnection({ iceServers });
    this.#pc = pc;
    for (const track of this.#local.getTracks()) pc.addTrack(track, this.#local);
    pc.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate) this.#say({ type: "call.ice-candidate", call_id: this.call.id, candidate });
    });
    pc.addEventListener("track", ({ streams: [stream] }) => this.#tell("remote", stream));
    pc.addEventListener("connectionstatechange", () => this.#moved(pc));
    this.#stats = setInterval(() => this.#measure(pc), STATS_MS);
    if (ttl) this.#renew(pc, ttl);
    return pc;
  }

  #renew(pc, ttl) {
    // Well before they end: a relay drops who comes with old ones.
    this.#renewal = setTimeout(async () => {
      const { ice_servers: iceServers, ttl_seconds: next } = await this.#ask("GET", "/api/ice-servers");
      if (pc.connectionState === "closed") return;
      pc.setConfiguration({ iceServers });
      this.#renew(pc, next);
    }, Math.max(SHORTEST_RENEWAL_MS, ttl * 800));
  }

  async #offer() {
    const pc = await this.#connection();
    await pc.setLocalDescription(await pc.createOffer());
    this.#say({ type: "call.offer", call_id: this.call.id, offer: pc.localDescription });
  }

  async #answer(offer) {
    const early = this.#early;
    this.#early = [];
    const pc = await this.#connection();
    await pc.setRemoteDescription(offer);
    for (const candidate of early.concat(this.#early.splice(0))) await pc.addIceCandidate(candidate);
    await pc.setLocalDescription(await pc.createAnswer());
    this.#say({ type: "call.answer", call_id: this.call.id, answer: pc.localDescription });
  }

  async #settle(answer) {
    if (this.#pc?.signalingState !== "have-local-offer") return;
    await this.#pc.setRemoteDescription(answer);
    for (const candidate of this.#early.splice(0)) await this.#pc.addIceCandidate(candidate);
  }

  async #candidate(candidate) {
    if (this.#pc?.remoteDescription) await this.#pc.addIceCandidate(candidate);
    else this.#early.push(candidate);
  }

  #moved(pc) {
    if (pc !== this.#pc || !this.call || this.call.state === "ended") return;
    if (pc.connectionState === "connected") {
      clearTimeout(this.#lost);
      this.#now({ ...this.call, state: "talking" });
    } else if (pc.connectionState === "failed") {
      this.#now({ ...this.call, state: "reconnecting" });
      // One of the two begins anew: the one who called.
      if (this.call.calls) this.#lost = setTimeout(() => this.#offer(), 500);
    }
  }

  async #measure(pc) {
    if (pc.connectionState !== "connected") return;
    let lost = 0, received = 0, trip = 0;
    for (const report of (await pc.getStats()).values()) {
      if (report.type === "inbound-rtp") { lost += report.packetsLost ?? 0; received += report.packetsReceived ?? 0; }
      if (report.type === "candidate-pair" && report.nominated) trip = report.currentRoundTripTime ?? 0;
    }
    const share = lost / Math.max(1, lost + received);
    const quality = share > 0.08 || trip > 0.6 ? "poor" : share > 0.02 || trip > 0.3 ? "fair" : "good";
    if (this.call && quality !== this.call.quality) this.#now({ ...this.call, quality });
  }

  // Where the call stands.

  #begin(answer, peer, video, calls, state) {
    const call = { id: answer.id, peer, video, calls, resume: answer.resume_token, muted: false, camera: video };
    sessionStorage.setItem(KEPT, JSON.stringify(call));
    this.#now({ ...call, state });
  }

  #over(reason, seconds) {
    sessionStorage.removeItem(KEPT);
    this.#resuming = false;
    this.#hangUp();
    this.#stopMedia();
    this.#now({ ...this.call, state: "ended", reason, seconds: seconds ?? 0 });
  }

  #hangUp() {
    clearInterval(this.#stats);
    clearTimeout(this.#renewal);
    clearTimeout(this.#lost);
    this.#pc?.close();
    this.#pc = undefined;
    this.#early = [];
  }

  #stopMedia() {
    for (const track of this.#local?.getTracks() ?? []) track.stop();
    this.#local = undefined;
  }

  #now(call) {
    this.call = call;
    this.#tell("change");
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function media(video) {
  return navigator.mediaDevices.getUserMedia({ audio: true, video });
}

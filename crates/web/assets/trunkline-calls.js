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
//   { id, peer, name, video, state, muted, camera, quality, reason, seconds }
//   state: calling, ringing (they are being told), incoming, connecting, talking, reconnecting, ended
//   quality, while talking: good, fair, poor
// With { relay: "only" } sound and picture go through your TURN servers alone: neither user learns the other's address, and
// nobody is reached where the server names no TURN server.
// A page that is loaded again in mid-call goes on with it: what that takes is kept in sessionStorage.

const KEPT = "trunkline-call";
const DEVICE = "trunkline-device";
const LONGEST_WAIT_MS = 10_000; // between two tries to connect
const STATS_MS = 2_000;
const SHORTEST_RENEWAL_MS = 30_000;
const OFFER = "a=trunkline-offer:"; // a line of a description; who does not know it passes over it

/** A description with a line that names the offer which it is, or answers. */
const marked = ({ type, sdp }, mark) => ({ type, sdp: mark ? `${sdp}${mark}\r\n` : sdp });

/** That line; undefined for a description of somebody who has none. */
const markOf = ({ sdp }) => sdp.split(/\r?\n/).find((line) => line.startsWith(OFFER));

/** What the server answered that it would not do. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail ?? problem.title);
    this.code = problem.code;
    this.status = problem.status;
  }
}

export class TrunklineCalls extends EventTarget {
  #url; #token; #relay; #device; #socket; #tries = 0; #closed = false;
  #pc; #local; #early = []; #offered; #stats; #renewal; #lost;
  #user; #resuming = false; #anew = false; #asking = false;
  // What is done about what was heard: one thing after the other.
  #hearing = Promise.resolve();

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
   * @param {"only" | "if-needed"} [how.relay] whether the two always meet on a TURN server, or where there is no shorter way
   */
  constructor({ url = location.origin, token, relay = "if-needed" }) {
    super();
    this.#url = url.replace(/\/$/, "");
    this.#token = token;
    this.#relay = relay;
    this.#device = sessionStorage.getItem(DEVICE) ?? `web-${crypto.randomUUID()}`;
    sessionStorage.setItem(DEVICE, this.#device);
  }

  /** Connects, and stays connected; goes on with the call that this page had before it was loaded again. */
  async connect() {
    this.#closed = false;
    try {
      if (!this.call) await this.#goOn();
    } finally {
      await this.#open();
    }
  }

  /** Leaves. A call under way is not ended by that. */
  disconnect() {
    this.#closed = true;
    this.#socket?.close();
  }

  /** Calls somebody. */
  place(receiver, how) {
    return this.#alone(() => this.#place(receiver, how));
  }

  async #place(receiver, { video = false, conversation } = {}) {
    if (this.call && this.call.state !== "ended") throw new Error("there is a call already");
    this.#local = await media(video);
    const order = { receiver_id: receiver, call_type: video ? "video" : "voice", device_id: this.#device };
    if (conversation) order.conversation_id = conversation;
    try {
      await this.#next(async () => {
        const placed = await this.#ask("POST", "/api/calls/initiate", order);
        // Both called each other: the other one's call was there first, and is the one.
        const calls = placed.receiver_id === receiver;
        this.#begin(placed, receiver, video, calls, placed.status === "answered" ? "connecting" : "calling");
        if (placed.state === "ended") this.#over(placed.disposition);
      });
    } catch (error) {
      this.#stopMedia();
      throw error;
    }
  }

  /** Takes the call that comes in. */
  accept() {
    return this.#alone(() => this.#accept());
  }

  async #accept() {
    const { id, peer, video } = this.call;
    this.#local = await media(video);
    try {
      await this.#next(async () => {
        const taken = await this.#ask("POST", `/api/calls/${id}/accept`, { device_id: this.#device });
        this.#begin(taken, peer, video, false, "connecting");
      });
    } catch (error) {
      this.#stopMedia();
      throw error;
    }
  }

  /** Refuses the call that comes in. */
  async reject() {
    await this.#ends(`/api/calls/${this.call.id}/reject`, { device_id: this.#device });
  }

  /** Hangs up, or gives up. */
  async end() {
    await this.#ends(`/api/calls/${this.call.id}/end`, { device_id: this.#device });
  }

  mute(muted) {
    this.#keep({ ...this.call, muted });
  }

  camera(camera) {
    this.#keep({ ...this.call, camera });
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
      socket.addEventListener("message", ({ data }) => {
        this.#next(() => this.#hear(JSON.parse(data))).catch((error) => this.#tell("fault", error));
      });
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

  /** Does one thing at a time that needs a microphone: who presses twice means once. */
  async #alone(work) {
    if (this.#asking) return;
    this.#asking = true;
    try {
      await work();
    } finally {
      this.#asking = false;
    }
  }

  /**
   * Does this when all that was heard before is done, and nothing that is heard later before it is done: what the socket tells
   * of a call may come before the answer that says which call it is.
   */
  #next(work) {
    const done = this.#hearing.then(work);
    this.#hearing = done.catch(() => {});
    return done;
  }

  async #hear(frame) {
    const mine = this.call && frame.call_id === this.call.id && this.call.state !== "ended";
    switch (frame.type) {
      case "connection.ack":
        this.connected = true;
        this.#tries = 0;
        this.#user = frame.user_id;
        this.#tell("change");
        return this.#comeBack();
      case "call.incoming":
        if (this.call && this.call.state !== "ended") return undefined;
        this.#now({ id: frame.call_id, peer: frame.caller_id, name: frame.caller_username, video: frame.call_type === "video", state: "incoming" });
        return this.#tell("incoming", frame);
      case "error":
        // Somebody else has signed in on this page.
        if (this.#resuming && mine && frame.code === "no_such_call") this.#over("connection_lost");
        return this.#tell("fault", frame);
      default:
        if (!mine) return undefined;
    }
    // Until this page is known again, what it hears was meant for the one before.
    if (this.#resuming && !["call.accepted", "call.resumed", "call.ended"].includes(frame.type)) return undefined;
    // What the other side said has a number: told again, also after this page was loaded again, it is no news.
    if (frame.seq && !this.#isNew(frame.seq)) return undefined;
    switch (frame.type) {
      case "call.ringing": return this.#now({ ...this.call, state: "ringing" });
      case "call.accepted":
        // Told again to who comes back: then the connection stands, or is made by what "resumed" says.
        return this.call.calls && ["calling", "ringing"].includes(this.call.state) ? this.#offer() : undefined;
      case "call.offer": return this.#answer(frame.offer);
      case "call.answer": return this.#settle(frame.answer);
      case "call.ice-candidate": return this.#candidate(frame.candidate);
      case "call.reconnecting": return this.#now({ ...this.call, state: "reconnecting" });
      case "call.resumed": return this.#resumed(frame);
      case "call.ended": return this.#over(frame.reason, frame.duration_seconds);
      default: return undefined;
    }
  }

  /** The socket is there, perhaps again, and what was said meanwhile is not known. */
  async #comeBack() {
    if (!this.call || this.call.state === "ended") return;
    if (this.call.state === "incoming") {
      // It is told again if it rings still.
      const seen = await this.#ask("GET", `/api/calls/${this.call.id}`);
      if (seen.state === "ended") this.#over(seen.disposition);
      else if (seen.state !== "ringing") this.#over("answered_elsewhere");
      return;
    }
    // Of a connection that was still being made, parts may be lost.
    const media = this.#pc?.connectionState === "connected" ? "kept" : "lost";
    this.#resuming = true;
    this.#anew = false;
    this.#say({ type: "resume", call_id: this.call.id, token: this.call.resume, media });
  }

  /** A side is back: this one, or the other, which may need a new connection. */
  async #resumed({ user_id: user, ice_restart: restart }) {
    if (user === this.#user) this.#resuming = false;
    // Who has lost everything hears no offer of somebody who was not there.
    else this.#anew = restart || !this.#pc;
    if (this.#resuming) return;
    if (this.#anew) {
      this.#anew = false;
      return this.#offer();
    }
    // Who calls somebody whom it still rings for has nothing to resume.
    if (["calling", "ringing"].includes(this.call.state)) return;
    this.#now({ ...this.call, state: this.#pc?.connectionState === "connected" ? "talking" : "connecting" });
  }

  // The connection to the other browser.

  async #connection() {
    this.#hangUp();
    this.#now({ ...this.call, state: "connecting" });
    const { ice_servers: iceServers, ttl_seconds: ttl } = await this.#ask("GET", "/api/ice-servers");
    // Somebody hung up meanwhile.
    if (!this.#local) return null;
    const pc = new RTCPeerConnection(this.#ways(iceServers));
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

  /** By which ways the other may be reached. */
  #ways(iceServers) {
    return { iceServers, iceTransportPolicy: this.#relay === "only" ? "relay" : "all" };
  }

  #renew(pc, ttl) {
    // Well before they end: a relay drops who comes with old ones.
    this.#renewal = setTimeout(async () => {
      let next = 0;
      try {
        const newer = await this.#ask("GET", "/api/ice-servers");
        if (pc !== this.#pc) return;
        pc.setConfiguration(this.#ways(newer.ice_servers));
        next = newer.ttl_seconds;
      } catch {
        // It is asked again soon.
      }
      if (pc === this.#pc) this.#renew(pc, next);
    }, Math.max(SHORTEST_RENEWAL_MS, ttl * 800));
  }

  async #offer() {
    const pc = await this.#connection();
    if (!pc) return;
    await pc.setLocalDescription(await pc.createOffer());
    // Whoever answers says to which offer: of two in a row the first one's answer would settle the second.
    this.#offered = `${OFFER}${crypto.getRandomValues(new Uint32Array(2)).join("")}`;
    this.#say({ type: "call.offer", call_id: this.call.id, offer: marked(pc.localDescription, this.#offered) });
  }

  async #answer(offer) {
    // Both begin anew at once: the caller's offer counts.
    if (this.call.calls && this.#pc?.signalingState === "have-local-offer") return;
    const pc = await this.#connection();
    if (!pc) return;
    await pc.setRemoteDescription(offer);
    await pc.setLocalDescription(await pc.createAnswer());
    const answer = marked(pc.localDescription, markOf(offer));
    this.#say({ type: "call.answer", call_id: this.call.id, answer });
  }

  async #settle(answer) {
    if (this.#pc?.signalingState !== "have-local-offer") return;
    const mark = markOf(answer);
    if (mark && mark !== this.#offered) return;
    await this.#pc.setRemoteDescription(answer);
    for (const candidate of this.#early.splice(0)) await this.#candidate(candidate);
  }

  /** A candidate may come before the answer that it belongs to, and after its connection was given up. */
  async #candidate(candidate) {
    if (this.#pc?.remoteDescription) await this.#pc.addIceCandidate(candidate).catch(() => {});
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
      if (this.call.calls) this.#lost = setTimeout(() => this.#next(() => this.#offer()).catch((error) => this.#tell("fault", error)), 500);
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
    const name = this.call?.id === answer.id ? this.call.name : undefined;
    const heard = this.call?.id === answer.id ? this.call.heard : undefined;
    this.#keep({ id: answer.id, peer, name, heard, video, calls, resume: answer.resume_token, muted: false, camera: video, state });
  }

  /** The call that this page had before it was loaded again, if it is not over. */
  async #goOn() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    if (!kept) return;
    try {
      const seen = await this.#ask("GET", `/api/calls/${kept.id}`);
      if (seen.state === "ended") {
        sessionStorage.removeItem(KEPT);
        return;
      }
      kept.state = seen.state === "ringing" ? "ringing" : "reconnecting";
    } catch (error) {
      if (error.status === 404) sessionStorage.removeItem(KEPT);
      if (error.status === 404 || error.status === 401) return;
      // The server is away; the call may go on all the same.
      kept.state = "reconnecting";
    }
    this.#local = await media(kept.video);
    this.#keep(kept);
  }

  /** Whether a frame of the other side was not heard before; the numbers of a call rise. */
  #isNew(seq) {
    if (seq <= (this.call.heard ?? 0)) return false;
    this.call.heard = seq;
    const { state, quality, ...kept } = this.call;
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
    return true;
  }

  /** What the call is now, and what is kept of it for a page that is loaded again. */
  #keep(call) {
    for (const track of this.#local?.getAudioTracks() ?? []) track.enabled = !call.muted;
    for (const track of this.#local?.getVideoTracks() ?? []) track.enabled = call.camera;
    const { state, quality, ...kept } = call;
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
    this.#now(call);
  }

  /** Ends the call, whether or not the socket is there to tell of it. */
  async #ends(path, body) {
    const { id } = this.call;
    const seen = await this.#ask("POST", path, body);
    // Where a device that says no silences itself alone, the call rings on, on others.
    const reason = seen.disposition ?? "silenced";
    if (this.call.id === id && this.call.state !== "ended") this.#over(reason, seen.duration_seconds);
  }

  #over(reason, seconds) {
    sessionStorage.removeItem(KEPT);
    this.#resuming = this.#anew = false;
    this.#hangUp();
    this.#stopMedia();
    this.#now({ ...this.call, state: "ended", reason: reason === "canceled" ? "withdrawn" : reason, seconds: seconds ?? 0 });
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

async function media(video) {
  // Browsers hide microphones from pages that are not on https.
  if (!navigator.mediaDevices) throw new DOMException("a microphone needs a page on https", "NotAllowedError");
  return navigator.mediaDevices.getUserMedia({ audio: true, video });
}

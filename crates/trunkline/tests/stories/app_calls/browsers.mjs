// Two browsers with microphones and cameras that are made up, on /softphone. Each case is played by new pages and users of
// its own, and one line says how it went; of a case that failed, what each page said, asked and heard stands below it. The program
// ends with 1 if one did. `browser.rs` starts it, and does what it asks for: a line "please …", which is answered by "done".
//
//   TRUNKLINE_TEST_NODE      the folder in which playwright-core is installed
//   TRUNKLINE_TEST_CHROMIUM  the browser
//   TRUNKLINE_TEST_SERVER    the server's address, as the browser's pages have it
//   TRUNKLINE_TEST_SECRET    signs users' tokens
//   node browsers.mjs [CASE…]

import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { TRUNKLINE_TEST_NODE: modules, TRUNKLINE_TEST_CHROMIUM: program, TRUNKLINE_TEST_SERVER: server, TRUNKLINE_TEST_SECRET: secret } = process.env;
const { chromium } = createRequire(join(modules, "package.json"))("playwright-core");

// A machine that has other work is slow, and nothing here is quicker for being given up.
const PATIENCE_MS = 60_000;
const LONGEST_CASE_MS = 300_000;
const LOOK_MS = 100;
const RING_SECS = 10;
// What the two microphones hear. Neither is a multiple of the other.
const TONES = { left: 440, right: 1_000 };
const NEAR_HZ = 25;
const FAINT_DB = -70;

// Users and their pages.

function token(user) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub: user, name: `${user} the user`, exp: Math.floor(Date.now() / 1000) + 3600 };
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** What a user is told of a call, by the server itself. */
async function record(user, call) {
  const answer = await fetch(`${server}/api/calls/${call}`, { headers: { authorization: `Bearer ${token(user)}` } });
  if (!answer.ok) throw new Error(`${user}: of the call the server says ${answer.status}`);
  return answer.json();
}

/** Asks whoever started this program for something, and waits until it is done. */
function please(what) {
  return new Promise((done) => {
    answered.push(done);
    console.log(`please ${what}`);
  });
}
const answered = [];

/** A second of a tone, as a microphone's file. It comes and goes: what sounds always the same is noise, which browsers take out. */
function tone(hz) {
  const rate = 48_000;
  const sound = Buffer.alloc(2 * rate);
  for (let n = 0; n < rate; n += 1) {
    const sounds = n % (rate / 4) < rate / 8;
    sound.writeInt16LE(sounds ? Math.round(12_000 * Math.sin((2 * Math.PI * hz * n) / rate)) : 0, 2 * n);
  }
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + sound.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(2 * rate, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(sound.length, 40);
  return Buffer.concat([head, sound]);
}

function browser(folder, side) {
  const microphone = join(folder, `${side}.wav`);
  writeFileSync(microphone, tone(TONES[side]));
  const launch = (chromiumSandbox) => chromium.launch({
    executablePath: program,
    chromiumSandbox,
    args: [
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-audio-capture=${microphone}`,
      // Two browsers on a machine without a network meet on its loopback.
      "--allow-loopback-in-peer-connection",
      // In a container there may be hardly any shared memory.
      "--disable-dev-shm-usage",
    ],
    timeout: 2 * PATIENCE_MS,
  });
  // Root has no sandbox, and many a container has none for others. The pages are our own.
  return process.getuid() === 0 ? launch(false) : launch(true).catch(() => launch(false));
}

/** A page of a user on the softphone. */
class Phone {
  static async of(browser, user, query) {
    const phone = new Phone();
    phone.user = user;
    phone.context = await browser.newContext();
    phone.context.setDefaultTimeout(PATIENCE_MS);
    phone.troubles = [];
    phone.log = [];
    phone.heard = [];
    const page = await phone.context.newPage();
    phone.page = page;
    phone.keeps_a_log();
    // The page keeps its connections and its socket to itself.
    await page.addInitScript(() => {
      const noted = (Kind, list, look = () => {}) => class extends Kind {
        constructor(...how) {
          super(...how);
          list.push(this);
          look(this, list.length);
        }
      };
      window.refusals = [];
      window.RTCPeerConnection = noted(RTCPeerConnection, window.connections = [], (one, number) => {
        const tells = (what) => console.debug(`connection ${number}: ${what()}`);
        one.addEventListener("connectionstatechange", () => tells(() => one.connectionState));
        one.addEventListener("signalingstatechange", () => tells(() => one.signalingState));
        one.addEventListener("icegatheringstatechange", () => tells(() => `${one.iceGatheringState} candidates`));
        one.addEventListener("icecandidateerror", ({ errorCode, url, errorText }) => {
          window.refusals.push(errorCode);
          tells(() => `${url} says ${errorCode} ${errorText}`);
        });
      });
      window.WebSocket = noted(WebSocket, window.sockets = []);
      window.tracks = [];
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (what) => {
        const stream = await ask(what);
        window.tracks.push(...stream.getTracks());
        return stream;
      };
    });
    await page.goto(`${server}/softphone${query}`);
    return phone;
  }

  /** What the page says, asks and hears, for who must find out why a case failed; without any token. */
  keeps_a_log() {
    const begun = Date.now();
    const note = (what) => this.log.push(`${((Date.now() - begun) / 1_000).toFixed(2)} ${what}`);
    const path = (url) => new URL(url).pathname;
    this.page.on("pageerror", (error) => {
      this.troubles.push(error.stack);
      note(`error: ${error.stack}`);
    });
    this.page.on("console", (message) => {
      if (message.type() === "error") this.troubles.push(message.text());
      note(`${message.type()}: ${message.text()}`);
    });
    this.page.on("crash", () => note("the page has crashed"));
    this.page.on("requestfailed", (request) => note(`${request.method()} ${path(request.url())}: ${request.failure()?.errorText}`));
    this.page.on("response", (answer) => {
      const asked = path(answer.url());
      if (asked.startsWith("/api/")) note(`${answer.request().method()} ${asked}: ${answer.status()}`);
    });
    this.page.on("websocket", (socket) => {
      const frame = (who) => ({ payload }) => {
        const { type, code, reason, ice_restart: anew, media } = JSON.parse(payload);
        if (who === "hears") this.heard.push(type);
        note(`${who} ${[type, code, reason, anew, media].filter((word) => word !== undefined).join(" ")}`);
      };
      note("a socket begins");
      socket.on("framesent", frame("says"));
      socket.on("framereceived", frame("hears"));
      socket.on("close", () => note("a socket ends"));
    });
  }

  /** What there is to be read of it, and what it shows. */
  async tells() {
    const seen = this.page.evaluate(() => document.querySelector("#softphone").innerText.replace(/\s+/g, " "));
    const shown = await Promise.race([seen, after(LOOK_MS * 50, "nothing any more")]).catch((error) => error.message);
    return [`${this.user}:`, ...this.log.slice(-80), `it shows: ${shown}`].join("\n    ");
  }

  async enters(with_token = token(this.user)) {
    await this.page.fill("#token", with_token);
    await this.page.click("#sign-in button");
  }

  is_connected() {
    return this.until("is connected", () => document.querySelector("#connection").dataset.state === "on");
  }

  is_not_connected() {
    return this.until("is not connected", () => document.querySelector("#connection").dataset.state === "off");
  }

  /** The call's id, as soon as the page knows it. */
  call() {
    return this.until("keeps its call", () => JSON.parse(sessionStorage.getItem("trunkline-call"))?.id);
  }

  /** How often this page asked at this path. */
  asked(path) {
    return this.log.filter((line) => line.includes(` GET ${path}: 200`)).length;
  }

  /** What it asks for rings for a short while: no page says how long it shall ring, and nobody wants to wait as long as it usually does. */
  rings_briefly() {
    return this.page.route("**/api/calls/initiate", (route) => {
      route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), ring_timeout_secs: RING_SECS }) });
    });
  }

  /** The kinds of the two ends over which sound goes now: host, srflx, prflx or relay. */
  ends_of_its_way() {
    return this.page.evaluate(async () => {
      const reports = await window.connections.at(-1).getStats();
      const all = [...reports.values()];
      const pair = all.find((report) => report.type === "candidate-pair" && report.nominated && report.state === "succeeded");
      return pair ? [pair.localCandidateId, pair.remoteCandidateId].map((id) => reports.get(id)?.candidateType) : [];
    });
  }

  /** Its socket is lost; when this returns it has another. */
  async loses_its_socket() {
    const before = await this.page.evaluate(() => { window.sockets.at(-1).close(); return window.sockets.length; });
    await this.until("has a new socket", (count) => window.sockets.length > count, before);
    await this.is_connected();
  }

  /** Holds back what the page asks at this path; what is returned lets it through. */
  async holds_back(path) {
    let go;
    const gone = new Promise((done) => { go = done; });
    await this.page.route(`**${path}`, async (route) => { await gone; await route.continue(); });
    return go;
  }

  async calls(other, how = "voice") {
    await this.page.fill("#receiver", other.user);
    await this.page.click(how === "video" ? "#place-video" : "#place");
  }

  press(what) {
    return this.page.click(`#${what}`);
  }

  /** Waits until the page shows this state of the call. */
  shows(state) {
    return this.until(`shows ${state}`, (wanted) => document.querySelector("#state").dataset.state === wanted, state);
  }

  /** Waits until the call is over for this reason, as the page says it. */
  async ends(reason) {
    await this.shows("ended");
    await this.until(`says ${reason}`, (word) => {
      const text = document.querySelector("#softphone").dataset[`reason${word}`];
      return document.querySelector("#reason").textContent.startsWith(`${text} `);
    }, reason);
  }

  /** Waits until something is true in the page. */
  async until(what, look, wanted) {
    const begun = Date.now();
    while (Date.now() - begun < PATIENCE_MS) {
      const seen = await this.page.evaluate(look, wanted);
      if (seen) return seen;
      await after(LOOK_MS);
    }
    throw new Error(`${this.user}: it never came that the page ${what}`);
  }

  /** What came to this page so far, by its newest connection. */
  received() {
    return this.page.evaluate(async () => {
      const counts = { packets: 0, energy: 0, frames: 0 };
      for (const report of (await window.connections.at(-1)?.getStats())?.values() ?? []) {
        if (report.type !== "inbound-rtp") continue;
        if (report.kind === "audio") Object.assign(counts, { packets: report.packetsReceived, energy: report.totalAudioEnergy });
        else counts.frames = report.framesDecoded;
      }
      return counts;
    });
  }

  /** Waits until more of all these has come than now. */
  async goes_on(...kinds) {
    const before = await this.received();
    const begun = Date.now();
    let now;
    do {
      await after(LOOK_MS);
      now = await this.received();
      if (kinds.every((kind) => now[kind] > before[kind])) return;
    } while (Date.now() - begun < PATIENCE_MS);
    throw new Error(`${this.user}: ${kinds.join(", ")} do not grow: ${JSON.stringify(before)}, then ${JSON.stringify(now)}`);
  }

  /** Waits until this tone is the loudest of what the page plays. */
  async hears(hz) {
    await this.until("plays the sound", () => {
      const sound = document.querySelector("#sound");
      return !sound.paused && sound.currentTime > 0;
    });
    const begun = Date.now();
    let heard;
    do {
      heard = await this.page.evaluate(loudest);
      if (Math.abs(heard.hz - hz) < NEAR_HZ && heard.level > FAINT_DB) return;
    } while (Date.now() - begun < PATIENCE_MS);
    throw new Error(`${this.user}: hears ${JSON.stringify(heard)} and not ${hz} Hz`);
  }

  /** Waits until nothing is recorded any more. */
  is_silent() {
    return this.until("has let go of the microphone", () => {
      const tracks = window.tracks.every((track) => track.readyState === "ended");
      return tracks && window.connections.every((one) => one.connectionState === "closed");
    });
  }

  /** Waits until nothing is to be heard. */
  async hears_nothing() {
    const begun = Date.now();
    let heard;
    do {
      heard = await this.page.evaluate(loudest);
      if (heard.level < FAINT_DB) return;
    } while (Date.now() - begun < PATIENCE_MS);
    throw new Error(`${this.user}: hears ${JSON.stringify(heard)}, and not nothing`);
  }

  async leaves() {
    await this.context.close();
    if (this.troubles.length > 0) throw new Error(`${this.user}: the browser complains:\n${this.troubles.join("\n")}`);
  }
}

function after(ms, what) {
  return new Promise((done) => { setTimeout(() => done(what), ms); });
}

/** In a page: the loudest tone within a second of what came from the other one. */
async function loudest() {
  const context = new AudioContext();
  const ear = context.createAnalyser();
  ear.fftSize = 8_192;
  ear.smoothingTimeConstant = 0;
  context.createMediaStreamSource(document.querySelector("#sound").srcObject).connect(ear);
  await context.resume();
  const levels = new Float32Array(ear.frequencyBinCount);
  const best = { hz: 0, level: -Infinity };
  for (let look = 0; look < 10; look += 1) {
    await new Promise((done) => setTimeout(done, 100));
    ear.getFloatFrequencyData(levels);
    levels.forEach((level, bin) => {
      if (level > best.level) Object.assign(best, { hz: (bin * context.sampleRate) / ear.fftSize, level });
    });
  }
  await context.close();
  return best;
}

// The cases.

/** Two who talk, and hear each other. */
async function talking(ann, bob, how = "voice") {
  await ann.calls(bob, how);
  await bob.shows("incoming");
  await bob.press("accept");
  await both_hear(ann, bob);
}

async function both_hear(ann, bob) {
  for (const phone of [ann, bob]) {
    await phone.shows("talking");
    await phone.goes_on("packets", "energy");
  }
  await ann.hears(TONES.right);
  await bob.hears(TONES.left);
}

const CASES = {
  async voice({ ann, bob }) {
    await talking(ann, bob);
    await ann.press("end");
    await ann.ends("Completed");
    await bob.ends("Completed");
    await ann.is_silent();
    await bob.is_silent();
  },

  async video({ ann, bob }) {
    await talking(ann, bob, "video");
    for (const phone of [ann, bob]) {
      await phone.goes_on("frames");
      await phone.until("shows their picture and its own", () => ["theirs", "own"].every((id) => document.getElementById(id).videoWidth > 0));
    }
    await bob.press("end");
    await ann.ends("Completed");
    await bob.ends("Completed");
  },

  async reject({ ann, bob }) {
    await ann.calls(bob);
    await bob.shows("incoming");
    await bob.press("reject");
    await ann.ends("Declined");
    await bob.ends("Declined");
    await ann.is_silent();
  },

  async cancel({ ann, bob }) {
    await ann.calls(bob);
    await ann.shows("ringing");
    await bob.shows("incoming");
    await ann.press("end");
    await ann.ends("CallerGaveUp");
    await bob.ends("CallerGaveUp");
  },

  async missed({ ann, bob }) {
    await ann.rings_briefly();
    await ann.calls(bob);
    await ann.ends("Missed");
    await bob.ends("Missed");
    if (!bob.heard.includes("call.incoming")) throw new Error("it did not ring");
  },

  async gone({ ann, bob }) {
    await ann.rings_briefly();
    await ann.calls(bob);
    const call = await ann.call();
    await Promise.all([ann, bob].map((phone) => phone.context.close()));
    for (const { user } of [ann, bob]) {
      const begun = Date.now();
      let seen;
      do {
        await after(LOOK_MS);
        seen = await record(user, call);
      } while (seen.state !== "ended" && Date.now() - begun < PATIENCE_MS);
      const { status, evidence: { ring_ms: rang } } = seen;
      if (status !== "missed" || rang < RING_SECS * 1_000) throw new Error(`${user}: it is ${status} after ${rang} ms`);
    }
  },

  async busy({ ann, bob, phone, left }) {
    await talking(ann, bob);
    const cat = await phone(left, "cat");
    await cat.calls(bob);
    await cat.ends("Busy");
    await cat.is_silent();
    await both_hear(ann, bob);
  },

  async reload({ ann, bob }) {
    await talking(ann, bob);
    await ann.page.reload();
    await both_hear(ann, bob);
    await bob.page.reload();
    await both_hear(ann, bob);
    await Promise.all([ann.page.reload(), bob.page.reload()]);
    await both_hear(ann, bob);
    await ann.press("end");
    await ann.ends("Completed");
    await bob.ends("Completed");
  },

  async devices({ ann, bob, phone, right }) {
    const second = await phone(right, "bob");
    await ann.calls(bob);
    await second.shows("incoming");
    await bob.shows("incoming");
    await bob.press("accept");
    await second.ends("AnsweredElsewhere");
    await both_hear(ann, bob);
  },

  async together({ ann, bob }) {
    const go = await bob.holds_back("/api/calls/initiate");
    await bob.calls(ann);
    await ann.calls(bob);
    await ann.shows("ringing");
    go();
    await both_hear(ann, bob);
  },

  async twice({ ann, bob }) {
    await ann.page.fill("#receiver", bob.user);
    await ann.page.dblclick("#place");
    await bob.shows("incoming");
    await bob.page.dblclick("#accept");
    await both_hear(ann, bob);
    await ann.press("end");
    for (const phone of [ann, bob]) {
      await phone.ends("Completed");
      await phone.is_silent();
    }
  },

  async muted({ ann, bob }) {
    await talking(ann, bob);
    await ann.press("mute");
    await bob.hears_nothing();
    await ann.page.reload();
    for (const phone of [ann, bob]) {
      await phone.shows("talking");
      await phone.goes_on("packets");
    }
    await bob.hears_nothing();
    await ann.press("mute");
    await bob.hears(TONES.left);
  },

  async sockets({ ann, bob }) {
    await talking(ann, bob);
    for (const phone of [ann, bob]) {
      await phone.loses_its_socket();
      await both_hear(ann, bob);
    }
    const kept = await ann.page.evaluate(() => window.connections.length);
    if (kept !== 1) throw new Error(`the sound needed ${kept} connections, where nothing was lost but sockets`);
    await bob.press("end");
    await ann.ends("Completed");
    await bob.ends("Completed");
  },

  async away({ ann, bob }) {
    await ann.calls(bob);
    await bob.shows("incoming");
    const go = await bob.holds_back("/api/calls/ticket");
    await bob.page.evaluate(() => window.sockets.at(-1).close());
    await bob.is_not_connected();
    await ann.press("end");
    await ann.ends("CallerGaveUp");
    go();
    await bob.ends("CallerGaveUp");
  },

  async killed({ ann, bob }) {
    await talking(ann, bob);
    const call = await ann.call();
    const begun = Date.now();
    await please("kill the server");
    for (const phone of [ann, bob]) await phone.is_not_connected();
    for (const phone of [ann, bob]) await phone.goes_on("packets", "energy");
    await ann.hears(TONES.right);
    await bob.hears(TONES.left);
    await please("start the server");
    for (const phone of [ann, bob]) await phone.is_connected();
    // The browser says that there was no server.
    for (const phone of [ann, bob]) phone.troubles.length = 0;
    await both_hear(ann, bob);
    for (const phone of [ann, bob]) {
      const kept = await phone.page.evaluate(() => window.connections.length);
      if (kept !== 1) throw new Error(`${phone.user}: the sound needed ${kept} connections, where nothing was lost but the server`);
    }
    const least = Math.floor((Date.now() - begun) / 1_000);
    await ann.press("end");
    await ann.ends("Completed");
    await bob.ends("Completed");
    for (const { user } of [ann, bob]) {
      const { status, disposition, answered_at, ended_at, duration_seconds: seconds } = await record(user, call);
      const between = (Date.parse(ended_at) - Date.parse(answered_at)) / 1_000;
      const is_right = status === "completed" && disposition === "completed" && seconds >= least && Math.abs(seconds - between) <= 1;
      if (!is_right) throw new Error(`${user}: it is ${status}, ${disposition}, ${seconds} s from ${answered_at} to ${ended_at}`);
    }
  },

  async relay({ ann, bob }) {
    // Credentials that soon run out are renewed meanwhile.
    await ann.page.route("**/api/ice-servers", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...await answer.json(), ttl_seconds: 1 } });
    });
    await talking(ann, bob);
    for (const phone of [ann, bob]) {
      const ends = await phone.ends_of_its_way();
      if (String(ends) !== "relay,relay") throw new Error(`${phone.user}: the sound goes from ${ends.join(" to ")}`);
    }
    const begun = Date.now();
    while (ann.asked("/api/ice-servers") < 2) {
      if (Date.now() - begun > 2 * PATIENCE_MS) throw new Error("no newer credentials were asked for");
      await after(LOOK_MS);
    }
    await both_hear(ann, bob);
    await ann.press("end");
    await ann.ends("Completed");
    await bob.ends("Completed");
  },

  /** The relay opens to our credentials and no others, and without it these pages find no way. */
  async refused({ ann, bob }) {
    for (const { page } of [ann, bob]) {
      await page.route("**/api/ice-servers", async (route) => {
        const answer = await route.fetch();
        const told = await answer.json();
        for (const one of told.ice_servers) if (one.credential) one.credential = `${one.credential.slice(1)}A`;
        await route.fulfill({ response: answer, json: told });
      });
    }
    await ann.calls(bob);
    await bob.shows("incoming");
    await bob.press("accept");
    for (const phone of [ann, bob]) {
      await phone.until("is refused by the relay", () => window.refusals.includes(401));
      await phone.until("has no other way", () => window.connections.at(-1)?.iceGatheringState === "complete");
      await phone.shows("connecting");
      const { packets } = await phone.received();
      if (packets > 0) throw new Error(`${phone.user}: hears all the same`);
    }
    await ann.press("end");
    await ann.ends("Completed");
    await bob.ends("Completed");
  },

  async token({ ann, stranger, left }) {
    const eve = await stranger(left, "eve");
    await eve.enters("no.good.token");
    await eve.until("asks for another token", () => {
      const says = document.querySelector("#trouble").textContent === document.querySelector("#softphone").dataset.troubleToken;
      return says && !document.querySelector("#sign-in").hidden && document.querySelector("#dial").hidden;
    });
    // The browser says that it was answered 401.
    eve.troubles.length = 0;
    await eve.enters();
    await eve.is_connected();
    await eve.calls(ann);
    await ann.shows("incoming");
  },
};

// The run.

/** Cases on pages that go through the relay alone. */
const RELAYED = ["relay", "refused"];

async function play(name, browsers) {
  const query = RELAYED.includes(name) ? "?relay=only" : "";
  const { left, right } = browsers;
  const begun = Date.now();
  const phones = [];
  const stranger = async (side, user) => {
    const one = await Phone.of(side, `${user}-${name}`, query);
    phones.push(one);
    return one;
  };
  const phone = async (side, user) => {
    const one = await stranger(side, user);
    await one.enters();
    await one.is_connected();
    return one;
  };
  const story = async () => {
    await CASES[name]({ ann: await phone(left, "ann"), bob: await phone(right, "bob"), phone, stranger, left, right });
    for (const one of phones) await one.leaves();
  };
  const too_late = after(LONGEST_CASE_MS).then(() => { throw new Error(`it was not over after ${LONGEST_CASE_MS / 1_000} s`); });
  try {
    await Promise.race([story(), too_late]);
    console.log(`ok ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    const pages = await Promise.all(phones.map((one) => one.tells()));
    console.log(`FAILED ${name}: ${[error.stack, ...pages].join("\n  ")}`);
    return false;
  } finally {
    await Promise.race([Promise.allSettled(phones.map((one) => one.context.close())), after(PATIENCE_MS)]);
  }
}

async function play_all(names) {
  const folder = mkdtempSync(join(tmpdir(), "trunkline-browsers-"));
  const browsers = {};
  let failed = 0;
  try {
    for (const side of Object.keys(TONES)) browsers[side] = await browser(folder, side);
    for (const name of names) if (!await play(name, browsers)) failed += 1;
  } finally {
    await Promise.race([Promise.allSettled(Object.values(browsers).map((one) => one.close())), after(PATIENCE_MS)]);
    rmSync(folder, { recursive: true, force: true });
  }
  return failed;
}

let words = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
  words += text;
  for (let end = words.indexOf("\n"); end >= 0; end = words.indexOf("\n")) {
    words = words.slice(end + 1);
    answered.shift()?.();
  }
});
// Whoever started this program is gone: so are the browsers.
process.stdin.on("end", () => process.exit(2));

const wanted = process.argv.slice(2);
try {
  process.exit(await play_all(wanted.length > 0 ? wanted : Object.keys(CASES)) === 0 ? 0 : 1);
} catch (error) {
  console.log(`FAILED before any case: ${error.stack}`);
  process.exit(1);
}

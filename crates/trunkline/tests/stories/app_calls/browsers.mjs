// Two browsers with microphones and cameras that are made up, on /softphone. Each case is played by new pages and users of
// its own, and one line says how it went; the program ends with 1 if a case failed. `browser.rs` starts it.
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

const PATIENCE_MS = 30_000;
const LOOK_MS = 100;
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
    ],
  });
  // Root has no sandbox, and many a container has none for others. The pages are our own.
  return process.getuid() === 0 ? launch(false) : launch(true).catch(() => launch(false));
}

/** A page of a user on the softphone. */
class Phone {
  static async of(browser, user) {
    const phone = new Phone();
    phone.user = user;
    phone.context = await browser.newContext();
    phone.troubles = [];
    const page = await phone.context.newPage();
    phone.page = page;
    page.on("pageerror", (error) => phone.troubles.push(`${user}: ${error.stack}`));
    page.on("console", (message) => { if (message.type() === "error") phone.troubles.push(`${user}: ${message.text()}`); });
    // The page keeps its connections and its socket to itself.
    await page.addInitScript(() => {
      const noted = (Kind, list) => class extends Kind {
        constructor(...how) { super(...how); list.push(this); }
      };
      window.RTCPeerConnection = noted(RTCPeerConnection, window.connections = []);
      window.WebSocket = noted(WebSocket, window.sockets = []);
      window.tracks = [];
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (what) => {
        const stream = await ask(what);
        window.tracks.push(...stream.getTracks());
        return stream;
      };
    });
    await page.goto(`${server}/softphone`);
    return phone;
  }

  async enters(with_token = token(this.user)) {
    await this.page.fill("#token", with_token);
    await this.page.click("#sign-in button");
  }

  is_connected() {
    return this.until("is connected", () => document.querySelector("#connection").dataset.state === "on");
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
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
    const shown = await this.page.evaluate(() => document.querySelector("#softphone").innerText.replace(/\s+/g, " "));
    throw new Error(`${this.user}: it never came that the page ${what}; it shows: ${shown}`);
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
      await new Promise((done) => setTimeout(done, LOOK_MS));
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
    if (this.troubles.length > 0) throw new Error(`the browser complains:\n${this.troubles.join("\n")}`);
  }
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
    // No page says how long it shall ring, and nobody wants to wait for as long as it usually does.
    await ann.page.route("**/api/calls/initiate", (route) => {
      route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), ring_timeout_secs: 10 }) });
    });
    await ann.calls(bob);
    await bob.shows("incoming");
    await ann.ends("Missed");
    await bob.ends("Missed");
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
    await bob.until("is not connected", () => document.querySelector("#connection").dataset.state === "off");
    await ann.press("end");
    await ann.ends("CallerGaveUp");
    go();
    await bob.ends("CallerGaveUp");
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

const folder = mkdtempSync(join(tmpdir(), "trunkline-browsers-"));
const browsers = [];
let failed = 0;
try {
  const [left, right] = await Promise.all(Object.keys(TONES).map((side) => browser(folder, side)));
  browsers.push(left, right);
  const wanted = process.argv.slice(2);
  for (const name of wanted.length > 0 ? wanted : Object.keys(CASES)) {
    const begun = Date.now();
    const phones = [];
    const stranger = async (side, user) => {
      const one = await Phone.of(side, `${user}-${name}`);
      phones.push(one);
      return one;
    };
    const phone = async (side, user) => {
      const one = await stranger(side, user);
      await one.enters();
      await one.is_connected();
      return one;
    };
    try {
      await CASES[name]({ ann: await phone(left, "ann"), bob: await phone(right, "bob"), phone, stranger, left, right });
      for (const one of phones.splice(0)) await one.leaves();
      console.log(`ok ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      const complaints = phones.flatMap((one) => one.troubles);
      console.log(`FAILED ${name}: ${[error.message, ...complaints].join("\n  ")}`);
    } finally {
      await Promise.allSettled(phones.map((one) => one.context.close()));
    }
  }
} finally {
  await Promise.allSettled(browsers.map((one) => one.close()));
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;

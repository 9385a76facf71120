// Sends the parts of a file that are missing, some side by side, each again where the network lost it.

import { Lost, Problem } from "./texts.js";

const SIDE_BY_SIDE = 3;
const LINKS_AT_ONCE = 6;
const LINK_MARGIN = 60_000;
const ATTEMPTS = 6;
const FIRST_PAUSE = 1000;
const STALLED = 60_000;

const backOnline = (signal) =>
  new Promise((resolve, reject) => {
    window.addEventListener("online", resolve, { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

const pause = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });

/**
 * Tries until it succeeds, with longer and longer pauses; while the device knows that it has no network it waits for it.
 *
 * @param attempt what to try; only what throws Lost is tried again.
 * @param onWaiting told before each pause.
 */
export async function patiently(attempt, signal, onWaiting) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (problem) {
      if (!(problem instanceof Lost) || (tried >= ATTEMPTS && navigator.onLine)) throw problem;
      onWaiting();
      if (navigator.onLine) {
        await pause(FIRST_PAUSE * 2 ** (tried - 1) * (0.5 + Math.random() / 2), signal);
      } else {
        await backOnline(signal);
        tried = 0;
      }
    }
  }
}

/** The missing parts of one file on their way. */
export class Transfer {
  /**
   * @param upload as the portal described it.
   * @param onProgress told how many bytes of the whole file have arrived.
   * @param onWaiting told when the network is waited for.
   */
  constructor({ file, upload, portal, signal, onProgress, onWaiting }) {
    Object.assign(this, { file, upload, portal, onProgress, onWaiting });
    this.queue = [...upload.missing];
    this.arrived = upload.sent;
    this.flying = new Map();
    this.links = new Map();
    this.ending = new AbortController();
    signal.addEventListener("abort", () => this.ending.abort(signal.reason), { once: true });
    this.signal = this.ending.signal;
  }

  /** Send what is missing. */
  async run() {
    this.report();
    try {
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => this.sendSome()));
    } catch (problem) {
      // One part that cannot be sent ends the others too.
      this.ending.abort(problem);
      throw problem;
    }
  }

  async sendSome() {
    for (let number; (number = this.queue.shift()) !== undefined; ) {
      await patiently(() => this.send(number), this.signal, this.onWaiting);
    }
  }

  async send(number) {
    const start = (number - 1) * this.upload.part_size;
    const part = this.file.slice(start, start + this.upload.part_size);
    const link = await this.link(number);
    try {
      await this.put(link, number, part);
      this.arrived += part.size;
    } finally {
      this.flying.delete(number);
      this.report();
    }
  }

  async link(number) {
    if (!(this.links.get(number)?.until > Date.now())) {
      const wanted = [number, ...this.queue.slice(0, LINKS_AT_ONCE - 1)];
      const signed = await this.portal.links(this.upload.video_id, wanted, this.signal);
      const until = Date.now() + signed.expires_in * 1000 - LINK_MARGIN;
      for (const part of signed.parts) this.links.set(part.number, { url: part.url, until });
    }
    return this.links.get(number).url;
  }

  // fetch tells nothing of how much was sent; XMLHttpRequest does.
  put(url, number, part) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      let timer;
      const abort = () => request.abort();
      const alive = () => {
        clearTimeout(timer);
        timer = setTimeout(abort, STALLED);
      };
      const end = (problem) => {
        clearTimeout(timer);
        this.signal.removeEventListener("abort", abort);
        problem ? reject(problem) : resolve();
      };
      request.upload.addEventListener("progress", (event) => {
        alive();
        this.flying.set(number, Math.min(event.loaded, part.size));
        this.report();
      });
      request.addEventListener("load", () => end(this.refusal(request.status, number)));
      request.addEventListener("error", () => end(new Lost("network")));
      request.addEventListener("abort", () => end(this.signal.aborted ? this.signal.reason : new Lost("network")));
      this.signal.addEventListener("abort", abort);
      request.open("PUT", url);
      request.send(part);
      alive();
    });
  }

  refusal(status, number) {
    if (status < 300) return null;
    if (status === 404) return new Problem("gone");
    // Past its time, or signed with keys that are: the next attempt asks for another.
    this.links.delete(number);
    return new Lost("network");
  }

  report() {
    this.onProgress(this.arrived + [...this.flying.values()].reduce((sum, count) => sum + count, 0));
  }
}

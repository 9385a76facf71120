// Sends the missing parts of a file, several in parallel, with retries.

import { Lost, Problem } from "./texts.js";

const PARALLEL_PARTS = 3;
const LINKS_PER_REQUEST = 6;
const LINK_MARGIN_MS = 60_000;
const MAX_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 1000;
const STALL_TIMEOUT_MS = 60_000;

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
 * Retries with exponential backoff; while the device is offline it waits for the network.
 *
 * @param attempt function to call; it is called again only if it throws Lost.
 * @param onWaiting called before each pause.
 */
export async function withRetries(attempt, signal, onWaiting) {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (problem) {
      if (!(problem instanceof Lost) || (attempts >= MAX_ATTEMPTS && navigator.onLine)) throw problem;
      onWaiting();
      if (navigator.onLine) {
        await pause(FIRST_PAUSE_MS * 2 ** (attempts - 1) * (0.5 + Math.random() / 2), signal);
      } else {
        await backOnline(signal);
        attempts = 0;
      }
    }
  }
}

/** The transfer of the missing parts of one file. */
export class Transfer {
  /**
   * @param upload description by the portal.
   * @param onProgress called with the number of bytes of the whole file that have arrived.
   * @param onWaiting called before each pause.
   */
  constructor({ file, upload, portal, signal, onProgress, onWaiting }) {
    Object.assign(this, { file, upload, portal, onProgress, onWaiting });
    this.queue = [...upload.missing];
    this.arrived = upload.sent;
    this.inFlight = new Map();
    this.links = new Map();
    this.controller = new AbortController();
    signal.addEventListener("abort", () => this.controller.abort(signal.reason), { once: true });
    this.signal = this.controller.signal;
  }

  /** Sends the missing parts. */
  async run() {
    this.report();
    try {
      await Promise.all(Array.from({ length: PARALLEL_PARTS }, () => this.sendSome()));
    } catch (problem) {
      // A part that cannot be sent cancels the others.
      this.controller.abort(problem);
      throw problem;
    }
  }

  async sendSome() {
    for (let number; (number = this.queue.shift()) !== undefined; ) {
      await withRetries(() => this.send(number), this.signal, this.onWaiting);
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
      this.inFlight.delete(number);
      this.report();
    }
  }

  async link(number) {
    if (!(this.links.get(number)?.until > Date.now())) {
      const numbers = [number, ...this.queue.slice(0, LINKS_PER_REQUEST - 1)];
      const signed = await this.portal.links(this.upload.video_id, numbers, this.signal);
      const until = Date.now() + signed.expires_in * 1000 - LINK_MARGIN_MS;
      for (const part of signed.parts) this.links.set(part.number, { url: part.url, until });
    }
    return this.links.get(number).url;
  }

  // fetch does not report the progress of an upload; XMLHttpRequest does.
  put(url, number, part) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      let timer;
      const abort = () => request.abort();
      const restartTimer = () => {
        clearTimeout(timer);
        timer = setTimeout(abort, STALL_TIMEOUT_MS);
      };
      const end = (problem) => {
        clearTimeout(timer);
        this.signal.removeEventListener("abort", abort);
        problem ? reject(problem) : resolve();
      };
      request.upload.addEventListener("progress", (event) => {
        restartTimer();
        this.inFlight.set(number, Math.min(event.loaded, part.size));
        this.report();
      });
      request.addEventListener("load", () => end(this.errorOf(request.status, number)));
      // A refusal without CORS headers is reported as an error of the network.
      request.addEventListener("error", () => end(this.errorOf(0, number)));
      request.addEventListener("abort", () => end(this.signal.aborted ? this.signal.reason : new Lost("network")));
      this.signal.addEventListener("abort", abort);
      request.open("PUT", url);
      request.send(part);
      restartTimer();
    });
  }

  errorOf(status, number) {
    if (status >= 200 && status < 300) return null;
    if (status === 404) return new Problem("gone");
    // The link or the keys that signed it have expired: the next attempt requests a new link.
    this.links.delete(number);
    return new Lost("network");
  }

  report() {
    this.onProgress(this.arrived + [...this.inFlight.values()].reduce((sum, count) => sum + count, 0));
  }
}

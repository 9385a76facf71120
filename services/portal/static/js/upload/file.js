// Looks at a file before its first byte is sent.

import { isMovie, seconds } from "../mp4.js";
import { Problem, size } from "./texts.js";

const SHORTEST = 0.5;
const SAMPLES = 32;
const SAMPLE_BYTES = 4096;

/** The length of a clip in seconds, or null where the file does not tell; a file that cannot be taken is a problem. */
export async function check(file, maxBytes) {
  if (!file) throw new Problem("no-file");
  if (file.size === 0) throw new Problem("empty");
  if (file.size > maxBytes) throw new Problem("too-large", { size: size(file.size) });
  if (!/\.(mp4|mov)$/i.test(file.name) || !(await isMovie(file))) throw new Problem("not-mp4");
  const length = await seconds(file);
  if (length !== null && length < SHORTEST) throw new Problem("too-short");
  return length;
}

/**
 * Tells a file from others by samples of its content (FNV-1a over two seeds): a file to continue with must be the same
 * one, whatever it is called now. It guards against a mistake, not against malice: everybody sends their own videos.
 */
export async function fingerprint(file) {
  const hashes = [0x811c9dc5, 0x050c5d1f];
  const step = Math.max(SAMPLE_BYTES, Math.floor((file.size - SAMPLE_BYTES) / (SAMPLES - 1)));
  for (let start = 0; start < file.size; start += step) {
    for (const byte of new Uint8Array(await file.slice(start, start + SAMPLE_BYTES).arrayBuffer())) {
      for (const index of [0, 1]) hashes[index] = Math.imul(hashes[index] ^ byte, 0x01000193 + 2 * index);
    }
  }
  return hashes.map((hash) => (hash >>> 0).toString(16).padStart(8, "0")).join("");
}

// Checks a file before the upload.

import { isMovie, seconds } from "../mp4.js";
import { Problem, size } from "./texts.js";

const MIN_SECONDS = 0.5;
const SAMPLES = 32;
const SAMPLE_BYTES = 4096;

/** Checks a file; returns its duration in seconds, or null if the file does not contain it. Throws Problem. */
export async function check(file, maxBytes) {
  if (!file) throw new Problem("no-file");
  if (file.size === 0) throw new Problem("empty");
  if (file.size > maxBytes) throw new Problem("too-large", { size: size(file.size) });
  if (!/\.(mp4|mov)$/i.test(file.name) || !(await isMovie(file))) throw new Problem("not-mp4");
  const length = await seconds(file);
  if (length !== null && length < MIN_SECONDS) throw new Problem("too-short");
  return length;
}

/**
 * Hashes samples of a file (FNV-1a with two seeds), to check that an upload continues with the same file, whatever its
 * name. This protects from mistakes, not from attacks: everyone sends their own videos.
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

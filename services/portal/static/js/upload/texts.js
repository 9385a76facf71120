// Sentences for the user; the page contains them in the user's language.

const texts = document.getElementById("texts").content;
const megabytes = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1, minimumFractionDigits: 1 });

/** A sentence of the page with its placeholders filled in. */
export function text(name, values = {}) {
  const found = texts.querySelector(`[data-text="${name}"]`).textContent;
  return found.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

/** Formats a number of bytes in MB. */
export const size = (count) => `${megabytes.format(count / 2 ** 20)} MB`;

/** An error to show to the user; a retry would not help. */
export class Problem extends Error {
  constructor(name, values) {
    super(text(name, values));
  }
}

/** The network, the portal or the bucket did not answer; a retry may succeed. */
export class Lost extends Error {}

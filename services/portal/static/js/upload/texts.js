// What people are told: the sentences stand in the page, in their language.

const texts = document.getElementById("texts").content;
const megabytes = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1, minimumFractionDigits: 1 });

/** A sentence of the page, with values in the places of their names. */
export function text(name, values = {}) {
  const found = texts.querySelector(`[data-text="${name}"]`).textContent;
  return found.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

/** Bytes as people read them. */
export const size = (count) => `${megabytes.format(count / 2 ** 20)} MB`;

/** Something that the person must know, and that trying again would not mend. */
export class Problem extends Error {
  constructor(name, values) {
    super(text(name, values));
  }
}

/** The network, the portal or the bucket did not answer: the same again may succeed. */
export class Lost extends Error {}

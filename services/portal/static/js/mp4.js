// Checks before the upload that a file is MP4 or MOV, and reads its duration.
// The file is a sequence of boxes, each with its size and type before its content (ISO/IEC 14496-12, 4.2);
// the duration is in the box "mvhd" inside "moov" (8.2.2). Only headers are read, never the media data.

const MAX_BOXES = 64;

async function bytes(file, start, count) {
  return new DataView(await file.slice(start, start + count).arrayBuffer());
}

async function* boxes(file, start, end) {
  for (let count = 0; start + 8 <= end && count < MAX_BOXES; count += 1) {
    const head = await bytes(file, start, 16);
    const type = String.fromCharCode(...new Uint8Array(head.buffer, 4, 4));
    let size = head.getUint32(0);
    let header = 8;
    if (size === 1 && head.byteLength === 16) {
      size = Number(head.getBigUint64(8));
      header = 16;
    } else if (size === 0) {
      size = end - start;
    }
    if (size < header) return;
    yield { type, content: start + header, end: Math.min(start + size, end) };
    start += size;
  }
}

async function find(file, type, start, end) {
  for await (const box of boxes(file, start, end)) if (box.type === type) return box;
  return null;
}

/** Whether a file starts with the box of an MP4 or MOV file. */
export async function isMovie(file) {
  for await (const box of boxes(file, 0, file.size)) return box.type === "ftyp";
  return false;
}

/** The duration of a movie in seconds, or null if the file does not contain it. */
export async function seconds(file) {
  const movie = await find(file, "moov", 0, file.size);
  const header = movie && (await find(file, "mvhd", movie.content, movie.end));
  if (!header || header.end - header.content < 20) return null;
  const fields = await bytes(file, header.content, 32);
  const wide = fields.getUint8(0) === 1;
  if (wide && fields.byteLength < 32) return null;
  const scale = fields.getUint32(wide ? 20 : 12);
  const duration = wide ? Number(fields.getBigUint64(24)) : fields.getUint32(16);
  return scale > 0 && duration > 0 ? duration / scale : null;
}

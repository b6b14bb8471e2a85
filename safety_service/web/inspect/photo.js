/** @file A photo made small on the phone: upright, about 200 kB, and without what the camera wrote into it (place, serial). */
import { sha256 } from "../lib/sha256.js";

export const MOST_BYTES = 200_000;
const SIDES = [1600, 1280, 1024, 800];
const QUALITIES = [0.82, 0.7, 0.58];
const THUMB_SIDE = 144;
const JPEG = "image/jpeg";

/** @typedef {{note: import("./record.js").FileNote, bytes: ArrayBuffer}} Taken */

/** Drawing it anew leaves only the pixels. Throws where it is no picture. @param {Blob} file @returns {Promise<Taken>} */
export async function shrunk(file) {
  const picture = await decoded(file);
  let blob = null;
  sizes: for (const side of SIDES) {
    const canvas = drawn(picture, side);
    for (const quality of QUALITIES) {
      blob = await blobOf(canvas, JPEG, quality);
      if (blob.size <= MOST_BYTES) break sizes;
    }
  }
  const thumb = drawn(picture, THUMB_SIDE).toDataURL(JPEG, 0.6);
  picture.close?.();
  return kept(/** @type {Blob} */ (blob), JPEG, thumb);
}

/** A canvas as it is, for a signature. @param {HTMLCanvasElement} canvas @returns {Promise<Taken>} */
export async function asPng(canvas) {
  return kept(await blobOf(canvas, "image/png"), "image/png", canvas.toDataURL("image/png"));
}

async function kept(blob, mediaType, thumb) {
  const bytes = await blob.arrayBuffer();
  return { note: { sha256: await sha256(new Uint8Array(bytes)), media_type: mediaType, size: bytes.byteLength, thumb }, bytes };
}

/** Upright as the camera meant it. @param {Blob} file */
async function decoded(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    // Older browsers know neither the option nor some formats here that an image element reads, and turns.
    return imageOf(await addressOf(file));
  }
}

/** @param {Blob} file @returns {Promise<string>} */
const addressOf = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(String(reader.result));
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

/** @param {string} address @returns {Promise<HTMLImageElement>} */
const imageOf = (address) => new Promise((resolve, reject) => {
  const image = new Image();
  image.onload = () => resolve(image);
  image.onerror = () => reject(new Error("not a picture"));
  image.src = address;
});

/** @param {ImageBitmap | HTMLImageElement} picture @param {number} longest */
function drawn(picture, longest) {
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** @param {HTMLCanvasElement} canvas @param {string} type @param {number} [quality] @returns {Promise<Blob>} */
const blobOf = (canvas, type, quality) => new Promise((resolve, reject) => {
  canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large for this phone"))), type, quality);
});

import { encodePixels } from '../engine.js';
import type { ImageData8 } from '../engine.js';

/** Text that is HTML already. */
export class Markup {
  constructor(readonly text: string) {}
}

type Content = Markup | string | number | undefined | false | readonly Content[];

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function textOf(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'object') return content.map(textOf).join('');
  return String(content).replace(/[&<>"']/g, (c) => escapes[c]);
}

/** A template of HTML: strings and numbers are escaped, markup and lists of it are inserted, undefined and false vanish. */
export const html = (parts: TemplateStringsArray, ...contents: Content[]): Markup =>
  new Markup(parts.map((part, k) => (k === 0 ? part : textOf(contents[k - 1]) + part)).join(''));

/** Base64 of bytes (RFC 4648). */
function base64(bytes: Uint8Array): string {
  const chunk = 3 * 2 ** 13; // a multiple of three, so that the pieces join without padding
  let text = '';
  for (let at = 0; at < bytes.length; at += chunk) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + chunk)));
  }
  return text;
}

/** The bytes of a file as a data URI. @param type its MIME type. */
export const fileURI = (bytes: Uint8Array, type: string): string => `data:${type};base64,${base64(bytes)}`;

/** An image as a data URI, JPEG of high quality. */
export async function dataURI(pixels: ImageData8): Promise<string> {
  return fileURI(await encodePixels(pixels, { format: 'jpeg', quality: 93 }), 'image/jpeg');
}

import type { FittedFrames } from '../fit/frames/fitFrames.js';
import { fileURI, html } from './html.js';
import { section, selfContainedPage } from './page.js';

/** What the page of a clip shows. */
export interface ClipPage {
  readonly title: string;
  readonly clip: Pick<FittedFrames, 'frames' | 'leftOut' | 'width' | 'height'>;
  /** Bytes of an animated WebP file. */
  readonly animation: Uint8Array;
}

/** A page of a fitted clip, which needs no files beside it. */
export function clipPage({ title, clip, animation }: ClipPage, created: Date): string {
  const { frames, leftOut, width, height } = clip;
  const day = created.toISOString().slice(0, 16).replace('T', ' ');
  return selfContainedPage({
    title: `${title}, by Chiaro`,
    header: html`<h1>${title}</h1>
      <p class="sub">
        ${frames.length} frames of ${width} x ${height} pixels fitted, ${leftOut.length} left out. ${day} UTC
      </p>`,
    main: html`${section(
      'Frame, fitted face over it, the face in another light',
      html`<img src="${fileURI(animation, 'image/webp')}" alt="The clip: frames, fitted faces, relit faces" />`,
    )}
    ${
      leftOut.length > 0 &&
      section(
        'Left out',
        html`<table>
          <tbody>
            ${leftOut.map(
              ({ name, reason }) =>
                html`<tr>
                  <td>${name}</td>
                  <td>${reason}</td>
                </tr>`,
            )}
          </tbody>
        </table>`,
      )
    }`,
    footer: html`Beside this page: frames.csv and frames.json with pose, expression and light of every frame, head.glb,
    and the pictures of the frames.`,
  });
}

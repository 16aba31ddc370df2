/** The page's style: neutral greys without a hue, so that the eye judges the images and not their surroundings. */
export const style = `
:root {
  color-scheme: dark;
  --ground: #1a1a1a; --raised: #232323; --line: #383838; --text: #d6d6d6; --quiet: #9b9b9b; --bright: #f4f4f4; --accent: #e8b866;
  --measure: 1180px;
}
* { box-sizing: border-box; }
html { background: var(--ground); scroll-behavior: smooth; }
body {
  margin: 0; color: var(--text); background: var(--ground);
  font: 15px/1.55 "Inter", system-ui, -apple-system, "Segoe UI", "Helvetica Neue", "Open Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums; -webkit-font-smoothing: antialiased; text-rendering: optimizeLegibility;
}
header, main, footer { max-width: var(--measure); margin: 0 auto; padding: 0 28px; }
header { padding-top: 52px; }
.brand { margin: 0; color: var(--accent); font-size: 13px; letter-spacing: 0.22em; text-transform: uppercase; }
h1 { margin: 6px 0 0; font-size: 34px; line-height: 1.2; font-weight: 600; letter-spacing: -0.015em; color: var(--bright); overflow-wrap: anywhere; }
.sub { margin: 8px 0 0; color: var(--quiet); }
section { margin: 64px 0 0; }
h2 { margin: 0; font-size: 21px; font-weight: 600; letter-spacing: -0.01em; color: var(--bright); }
h2 + * { margin-top: 20px; }
.lead { margin: 4px 0 20px; color: var(--quiet); }
.lead + * { margin-top: 0; }
footer { margin-top: 72px; padding-top: 20px; padding-bottom: 48px; color: var(--quiet); font-size: 13px; }

.headline { display: grid; grid-template-columns: repeat(6, auto); justify-content: space-between; gap: 16px 32px; margin: 32px 0 0; padding: 20px 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.headline div { display: flex; flex-direction: column; }
.headline dd { margin: 0; font-size: 25px; line-height: 1.25; font-weight: 500; color: var(--bright); white-space: nowrap; }
.headline dt { font-size: 13px; color: var(--quiet); }

aside { margin: 28px 0 0; padding: 14px 18px; background: var(--raised); border-left: 2px solid var(--accent); border-radius: 2px; }
aside ul { margin: 0; padding: 0; list-style: none; }
aside li + li { margin-top: 6px; }

figure { margin: 0; min-width: 0; }
img { display: block; max-width: 100%; height: auto; }
figcaption { margin-top: 8px; font-size: 13px; line-height: 1.45; color: var(--quiet); }
figcaption b { display: block; font-weight: 600; color: var(--text); font-size: 14px; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(164px, 1fr)); gap: 28px 20px; }
.grid.uv { grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); }
.zoom { display: block; width: 100%; padding: 0; border: 0; background: #000; cursor: zoom-in; border-radius: 3px; overflow: hidden; }
.zoom img { width: 100%; }
.scale { display: flex; align-items: center; gap: 6px; margin-top: 6px; }
.scale i { flex: 1; height: 6px; border-radius: 3px; }

.hero { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 20px; align-items: start; margin-top: 28px; }
.hero > :only-child { grid-column: 1 / -1; max-width: 640px; }
.stage { position: relative; overflow: hidden; background: #000; border-radius: 4px; }
.compare { --split: 50%; }
.compare .stage > img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }
.compare .front { clip-path: inset(0 calc(100% - var(--split)) 0 0); }
.compare .line { position: absolute; top: 0; bottom: 0; left: var(--split); width: 2px; margin-left: -1px; background: rgba(255, 255, 255, 0.9); pointer-events: none; }
.compare .line::after { content: ""; position: absolute; top: 50%; left: 50%; width: 34px; height: 34px; margin: -17px; border-radius: 50%; border: 2px solid rgba(255, 255, 255, 0.9); background: rgba(20, 20, 20, 0.45); }
.compare input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: ew-resize; }
.compare .stage:focus-within { outline: 2px solid var(--accent); outline-offset: 3px; }
.tag { position: absolute; bottom: 10px; padding: 2px 9px; font-size: 12px; color: var(--bright); background: rgba(20, 20, 20, 0.62); border-radius: 3px; pointer-events: none; }
.tag.left { left: 10px; } .tag.right { right: 10px; }
.turn .stage > img { position: absolute; top: 0; left: 0; max-width: none; height: 100%; }
.controls { display: flex; align-items: center; gap: 14px; margin-top: 12px; }
.controls input { flex: 1; accent-color: var(--accent); }
.controls output { width: 4.5ch; text-align: right; color: var(--quiet); }
.controls button { min-width: 76px; padding: 5px 14px; font: inherit; font-size: 13px; color: var(--text); background: var(--raised); border: 1px solid var(--line); border-radius: 3px; cursor: pointer; }
.controls button:hover { color: var(--bright); border-color: var(--quiet); }

.light { display: grid; grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr); gap: 20px 40px; align-items: start; }
.swatch { display: inline-block; width: 26px; height: 14px; margin-right: 9px; border-radius: 2px; vertical-align: -1px; }
.power { display: flex; align-items: flex-end; gap: 5px; height: 64px; }
.power span { flex: 1; min-height: 1px; background: var(--accent); }
.strip { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(172px, 1fr); gap: 16px; overflow-x: auto; padding-bottom: 8px; }
.strip .sphere { width: 100%; margin-top: 6px; border-radius: 3px; }

.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(340px, 100%), 1fr)); gap: 32px 28px; margin-bottom: 36px; }
.chart svg { display: block; width: 100%; }
.rules path { stroke: var(--line); stroke-width: 1; fill: none; }
.chart .ticks text { fill: var(--quiet); font-size: 11px; }
.chart .end { text-anchor: end; } .chart .middle { text-anchor: middle; }
.chart .line { fill: none; stroke-width: 1.7; stroke-linejoin: round; }
.chart figcaption b { display: inline; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin-top: 4px; color: var(--text); }
.legend i, td i { display: inline-block; width: 9px; height: 9px; margin-right: 7px; border-radius: 2px; }
.legend em { font-style: normal; color: var(--quiet); }
.timings .bar { display: flex; gap: 2px; height: 10px; margin-bottom: 12px; border-radius: 3px; overflow: hidden; background: var(--line); }

table { width: 100%; border-collapse: collapse; font-size: 14px; }
th, td { padding: 7px 16px 7px 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); font-weight: 400; }
thead th, tbody th, tfoot th { color: var(--quiet); }
tbody th { white-space: nowrap; }
tfoot td { color: var(--bright); }
.number { text-align: right; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 28px 48px; align-items: start; }

details { border-bottom: 1px solid var(--line); }
details:first-child { border-top: 1px solid var(--line); }
summary { display: flex; gap: 24px; padding: 9px 0; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: "+"; width: 1ch; color: var(--accent); }
details[open] summary::before { content: "\\2212"; }
summary b { flex: 1; font-weight: 500; color: var(--text); }
summary span { min-width: 9ch; color: var(--quiet); }
summary:hover b { color: var(--bright); }
details p { margin: 0 0 10px 34px; color: var(--quiet); font-size: 14px; }
.bars { display: block; width: calc(100% - 34px); height: 48px; margin: 0 0 10px 34px; }
.bars path { fill: var(--accent); }
.values { display: grid; grid-template-columns: repeat(auto-fill, minmax(9ch, 1fr)); gap: 0 12px; font-size: 13px; }
.values span { text-align: right; color: var(--text); }

button:focus-visible, summary:focus-visible, input:focus-visible, .strip:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
dialog { max-width: 96vw; max-height: 96vh; padding: 0; border: 0; outline: 0; background: transparent; color: var(--text); }
dialog::backdrop { background: rgba(16, 16, 16, 0.95); }
dialog img { width: auto; height: min(88vh, 92vw); max-width: 96vw; object-fit: contain; cursor: zoom-out; }
dialog p { margin: 10px 0 0; text-align: center; font-size: 14px; }

@media (max-width: 900px) {
  .headline { grid-template-columns: repeat(3, auto); }
  .hero, .light { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 480px) {
  header, main, footer { padding-left: 16px; padding-right: 16px; }
  .headline { grid-template-columns: repeat(2, auto); }
  .grid { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px 12px; }
  summary { flex-wrap: wrap; gap: 0 16px; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print { .controls, .compare input { display: none; } section { break-inside: avoid; } }
`;

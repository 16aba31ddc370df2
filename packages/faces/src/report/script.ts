/** The page's behaviour. Without it everything but turning, comparing and enlarging is there. */
export const script = `
'use strict';
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const still = matchMedia('(prefers-reduced-motion: reduce)');

for (const figure of all('.compare')) {
  const input = figure.querySelector('input');
  const show = () => figure.style.setProperty('--split', input.value + '%');
  input.addEventListener('input', show);
  show();
}

for (const figure of all('.turn')) {
  const [strip, input, button, output] = ['img', 'input', 'button', 'output'].map((name) => figure.querySelector(name));
  const angles = figure.dataset.angles.split(' ');
  const round = figure.dataset.round === 'yes';
  const secondsPerFrame = (round ? 8 : 4) / angles.length;
  let playing = false, direction = 1, next = 0;
  const show = () => {
    strip.style.transform = 'translateX(' + (-100 * input.value) / angles.length + '%)';
    output.textContent = angles[input.value] + '\\u00b0';
  };
  const step = (time) => {
    if (!playing) return;
    if (time >= next) {
      next = time + 1000 * secondsPerFrame;
      let frame = Number(input.value) + direction;
      if (round) frame = (frame + angles.length) % angles.length;
      else if (frame < 0 || frame >= angles.length) { direction = -direction; frame += 2 * direction; }
      input.value = Math.min(angles.length - 1, Math.max(0, frame));
      show();
    }
    requestAnimationFrame(step);
  };
  const play = (on) => {
    playing = on;
    button.textContent = on ? 'Stop' : 'Turn';
    button.setAttribute('aria-pressed', String(on));
    if (on) requestAnimationFrame(step);
  };
  input.addEventListener('input', () => { play(false); show(); });
  button.addEventListener('click', () => play(!playing));
  show();
  play(!still.matches && angles.length > 1);
}

const dialog = document.querySelector('dialog');
const zooms = all('.zoom');
let current = 0;
const enlarge = (k) => {
  current = (k + zooms.length) % zooms.length;
  const image = zooms[current].querySelector('img');
  const [large, title] = dialog.children;
  large.src = image.src;
  large.alt = image.alt;
  title.textContent = image.alt;
  if (!dialog.open) dialog.showModal();
};
zooms.forEach((zoom, k) => zoom.addEventListener('click', () => enlarge(k)));
dialog.addEventListener('click', () => dialog.close());
dialog.addEventListener('close', () => zooms[current].focus());
dialog.addEventListener('keydown', (event) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (by) { event.preventDefault(); enlarge(current + by); }
});
`;

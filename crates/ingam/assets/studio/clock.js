// The clock of the sandbox: only forward, by steps that make something happen.

import { byId, el } from './dom.js';
import { text } from './texts.js';

const DAY = 86400;
/** Korea has kept UTC+9 without daylight saving since 1988. */
const KST = 9 * 3600;
/** Banks' maintenance begins at 23:30. */
const MAINTENANCE = 23.5 * 3600;

/** Seconds from an instant to the next 23:30 in Korea. */
export function untilMaintenance(now) {
  const ofDay = (Math.floor(Date.parse(now) / 1000) + KST) % DAY;
  return (MAINTENANCE - ofDay + DAY) % DAY || DAY;
}

/** Asks how far to move. */
export function openClock(now, move) {
  const steps = [
    ['minute', 60],
    ['code', 300],
    ['hour', 3600],
    ['maintenance', untilMaintenance(now)],
    ['day', DAY],
  ];
  const dialog = byId('clock');
  const button = ([name, seconds]) => {
    const says = { code: 'clock.code_says', maintenance: 'clock.maintenance_says', day: 'clock.day_says' }[name];
    return el('li', {}, el('button', {
      type: 'button',
      class: 'step',
      on: {
        click: () => {
          dialog.close();
          move(seconds);
        },
      },
    }, el('b', {}, text(`clock.${name}`)), says && el('span', { class: 'quiet small' }, text(says))));
  };
  byId('clock-steps').replaceChildren(...steps.map(button));
  if (!dialog.open) dialog.showModal();
}

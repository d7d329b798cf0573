// The specimen camera: where a page asks for a camera, it gets a drawn card held before a drawn lens.
//
// The sandbox alone serves this file; the hosted page loads it before its own scripts. It refuses to know
// what the page does with the picture, and takes pictures from its own origin only.
//
// Who is held, first that answers: the query `?specimen=ID`, sessionStorage `ingam.specimen`
// ({"person", "scene"}), else `kim-minsu`. The studio changes it by postMessage
// {type: "ingam.specimen", person, scene} from the parent window, same origin only.
// `specimen=off` leaves the real camera alone. In a window of its own, where nobody was chosen, the real
// camera is tried first (a browser with a fake video, a phone) and the specimen stands in where there is none.
//
// `scene` goes to photo.jpg as its query: document (resident, alien, driver, passport), glare, rotation, perspective, blur, brightness, background, seed.
// A glare goes away after some seconds, as when a person tilts the card.

const STORE = 'ingam.specimen';
const FIRST = 'kim-minsu';
const FPS = 15;
const LABEL = 'SPECIMEN';
/** How long the card takes to come into place. */
const COMING_MS = 1400;
/** How long a glare stays, and how long the card takes to be tilted. */
const GLARE_MS = 6000;
const TILT_MS = 700;
/** Held so near that the card fills the frame that the page draws. */
const NEAR = '0.75';
const KNOBS = ['document', 'glare', 'glare_strength', 'rotation', 'perspective', 'blur', 'noise', 'brightness', 'background', 'card_width', 'quality', 'seed'];

/** A choice out of something that came from outside; null if it is none. */
export function choice(given) {
  if (typeof given === 'string') given = { person: given };
  if (typeof given?.person !== 'string' || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(given.person)) return null;
  const scene = {};
  for (const knob of KNOBS) {
    const value = given.scene?.[knob];
    if (['string', 'number'].includes(typeof value) && /^[\w.-]{1,32}$/.test(String(value))) scene[knob] = String(value);
  }
  return { person: given.person, scene };
}

/** The address of the photograph of a choice. */
export function photoAddress({ person, scene }) {
  const query = new URLSearchParams({ card_width: NEAR, ...scene });
  return `/studio/people/${person}/photo.jpg?${query}`;
}

/** Width and height out of the constraints of a page: an ideal or exact number, else a usual one, within bounds. */
export function sizeFrom(video) {
  const wish = (given, usual) => {
    const value = typeof given === 'number' ? given : (given?.exact ?? given?.ideal ?? Math.max(usual, given?.min ?? 0));
    const most = Math.min(1920, given?.max ?? 1920);
    return Math.round(Math.min(most, Math.max(320, Number.isFinite(value) ? value : usual)) / 2) * 2;
  };
  const width = wish(video?.width, 1280);
  const height = wish(video?.height, video?.width === undefined ? 960 : Math.round((width * 3) / 4));
  return { width, height };
}

/** Where the lens is after `ms`: zoom, offset as parts of the picture, blur in pixels. The card is held still at the end. */
export function pose(ms) {
  const left = Math.pow(Math.max(0, 1 - ms / COMING_MS), 3);
  const s = ms / 1000;
  // A hand is never quite still: a tenth of a per cent, in two slow beats.
  const tremble = 0.0012;
  return {
    zoom: 1.03 + 0.55 * left,
    x: 0.2 * left + tremble * Math.sin(1.9 * s),
    y: 0.16 * left + tremble * Math.cos(1.3 * s),
    blur: 7 * left,
  };
}

let held = { person: FIRST, scene: {} };
let off = false;
let chosen = false;
const lenses = new Set();

function readChoice() {
  const asked = new URLSearchParams(location.search).get('specimen');
  if (asked === 'off') {
    off = true;
    return;
  }
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(STORE));
  } catch {
    // No storage, or something else in it: the first person stands in.
  }
  const found = choice(asked) ?? choice(kept);
  chosen = Boolean(found) || window.parent !== window;
  if (found) hold(found);
}

function hold(next) {
  held = next;
  chosen = true;
  try {
    // The next page of the same flow has no query any more.
    sessionStorage.setItem(STORE, JSON.stringify(next));
  } catch {
    // Without storage the choice lasts as long as this page.
  }
  for (const lens of lenses) lens.take(next).catch((fault) => console.error('specimen camera', fault));
}

function onMessage(event) {
  const mine = event.origin === location.origin && (event.source === window.parent || event.source === window.opener);
  if (!mine || event.data?.type !== STORE) return;
  const next = choice(event.data);
  // Told once more after each load; only a real change moves the card.
  if (next && photoAddress(next) !== photoAddress(held)) hold(next);
}

async function picture(address) {
  const answer = await fetch(address, { credentials: 'same-origin' });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return createImageBitmap(await answer.blob());
}

/** A canvas that plays the part of a lens. */
class Lens {
  #canvas = document.createElement('canvas');
  #paint;
  #pictures = null;
  #since = 0;
  #turn = 0;
  #loading = null;
  #timer = 0;

  constructor({ width, height }) {
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#paint = this.#canvas.getContext('2d', { alpha: false });
  }

  /** Loads a person's photographs and lets the card come in; a later choice overtakes an earlier one. */
  take(next) {
    this.#loading = this.#load(next, ++this.#turn);
    return this.#loading;
  }

  async #load(next, turn) {
    const { glare, glare_strength: _, ...clean } = next.scene;
    const pictures = await Promise.all([
      picture(photoAddress({ person: next.person, scene: clean })),
      glare ? picture(photoAddress(next)) : null,
    ]);
    if (turn !== this.#turn) return this.#loading;
    this.#pictures = pictures;
    this.#since = performance.now();
  }

  async open() {
    lenses.add(this);
    try {
      await this.take(held);
    } catch (fault) {
      lenses.delete(this);
      console.error('specimen camera', fault);
      throw new DOMException('The specimen could not be drawn.', 'NotReadableError');
    }
    this.#draw();
    const stream = this.#canvas.captureStream(FPS);
    const [track] = stream.getVideoTracks();
    dress(track, this.#canvas);
    // A timer and not an animation frame: a covered phone frame must go on filming.
    this.#timer = setInterval(() => (track.readyState === 'ended' ? this.#close() : this.#draw()), 1000 / FPS);
    return stream;
  }

  #close() {
    clearInterval(this.#timer);
    lenses.delete(this);
  }

  #draw() {
    const [clean, glared] = this.#pictures;
    const ms = performance.now() - this.#since;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#lay(clean, pose(still ? COMING_MS : ms), 1);
    const tilted = Math.min(1, Math.max(0, (ms - GLARE_MS) / TILT_MS));
    if (glared && tilted < 1) this.#lay(glared, pose(still ? COMING_MS : ms), 1 - tilted);
  }

  /** The picture fills the canvas as `object-fit: cover` would, then zoomed and moved; its edges are never seen. */
  #lay(image, { zoom, x, y, blur }, opacity) {
    const { width, height } = this.#canvas;
    const scale = Math.max(width / image.width, height / image.height) * zoom;
    const [w, h] = [image.width * scale, image.height * scale];
    const within = (offset, free) => Math.min(free, Math.max(-free, offset));
    const dx = within(x * width, (w - width) / 2);
    const dy = within(y * height, (h - height) / 2);
    this.#paint.globalAlpha = opacity;
    this.#paint.filter = blur > 0.3 ? `blur(${blur.toFixed(1)}px)` : 'none';
    this.#paint.drawImage(image, (width - w) / 2 + dx, (height - h) / 2 + dy, w, h);
    this.#paint.globalAlpha = 1;
  }
}

/** Makes a canvas track answer as a camera's rear track does. */
function dress(track, { width, height }) {
  const settings = { width, height, frameRate: FPS, aspectRatio: width / height, facingMode: 'environment', deviceId: LABEL, groupId: LABEL };
  const answers = {
    label: { get: () => LABEL },
    getSettings: { value: () => ({ ...settings }) },
    getCapabilities: { value: () => ({ facingMode: ['environment'], deviceId: LABEL, groupId: LABEL }) },
    // Torch, zoom and focus are wishes; a drawn lens grants them all.
    applyConstraints: { value: async () => undefined },
  };
  for (const [name, answer] of Object.entries(answers)) Object.defineProperty(track, name, { configurable: true, ...answer });
}

function install() {
  if (window.ingamSpecimenCamera) return;
  window.ingamSpecimenCamera = true;
  readChoice();
  if (off) return;
  if (!navigator.mediaDevices) Object.defineProperty(navigator, 'mediaDevices', { configurable: true, value: new EventTarget() });
  const devices = navigator.mediaDevices;
  const real = devices.getUserMedia?.bind(devices);
  const list = devices.enumerateDevices?.bind(devices);

  const specimen = (constraints) => {
    document.documentElement.dataset.camera = 'specimen';
    return new Lens(sizeFrom(constraints.video === true ? {} : constraints.video)).open();
  };
  const getUserMedia = async (constraints) => {
    if (!constraints?.video) {
      if (real) return real(constraints);
      throw new TypeError('No video was asked for.');
    }
    if (chosen || !real) return specimen(constraints);
    try {
      return await real(constraints);
    } catch (fault) {
      if (fault?.name === 'NotFoundError' || fault?.name === 'OverconstrainedError') return specimen(constraints);
      throw fault;
    }
  };
  const enumerateDevices = async () => {
    const found = list ? await list().catch(() => []) : [];
    const mine = { deviceId: LABEL, groupId: LABEL, kind: 'videoinput', label: LABEL };
    return found.some((device) => device.kind === 'videoinput') ? found : [...found, { ...mine, toJSON: () => mine }];
  };
  for (const [name, value] of Object.entries({ getUserMedia, enumerateDevices })) {
    Object.defineProperty(devices, name, { configurable: true, writable: true, value });
  }

  // A drawn lens needs nobody's leave, so a page that looks first finds it given.
  const permissions = navigator.permissions;
  const query = permissions?.query?.bind(permissions);
  if (query) {
    const granted = () => Object.assign(new EventTarget(), { name: 'camera', state: 'granted', onchange: null });
    Object.defineProperty(permissions, 'query', {
      configurable: true,
      writable: true,
      value: async (what) => (what?.name === 'camera' && chosen ? granted() : query(what)),
    });
  }
  window.addEventListener('message', onMessage);
}

if (typeof window !== 'undefined') install();

// The part of a world map that is shown: zoom, drag and pinch, alike on every page and in the app.
// `root` holds the map and its buttons; the map in it may be drawn anew at any time.
"use strict";
function mapView(root) {
  const find = () => root.querySelector("svg.worldmap");
  const box = find().viewBox.baseVal;
  const full = { x: box.x, y: box.y, width: box.width, height: box.height };
  const ratio = full.height / full.width;
  const narrowest = full.width / 64;
  const leastFitted = 0.13 * full.width; // as on the review page: a reader knows where on Earth it is
  const view = { ...full };
  let isMoved = false; // by hand; until then the buttons lead to the marks

  const show = () => {
    const map = find();
    if (!map) return;
    view.x = Math.min(Math.max(view.x, full.x), full.x + full.width - view.width);
    view.y = Math.min(Math.max(view.y, full.y), full.y + full.height - view.height);
    map.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    map.classList.toggle("zoomed", view.width < full.width);
  };
  const whole = () => {
    Object.assign(view, full);
    isMoved = false;
    show();
  };

  // Every point of the paths of that kind, in the map's own units.
  const spots = (kind) => [...find().querySelectorAll(`.layer:not([hidden]) :is(${kind})`)].flatMap((path) =>
    [...path.getAttribute("d").matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map((pair) => ({ x: Number(pair[1]), y: Number(pair[2]) })));
  const extent = (points) => points.reduce(
    (all, { x, y }) => ({
      left: Math.min(all.left, x), right: Math.max(all.right, x), top: Math.min(all.top, y), bottom: Math.max(all.bottom, y),
    }), { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity });
  const middleOf = ({ left, right, top, bottom }) => ({ x: (left + right) / 2, y: (top + bottom) / 2 });
  // Where the buttons lead: the guess nearest to the middle of all, so that one stays in sight.
  const target = () => {
    const guesses = isMoved ? [] : spots(".guess");
    if (!guesses.length) return { x: view.x + view.width / 2, y: view.y + view.height / 2 };
    const middle = middleOf(extent(guesses));
    const far = (spot) => Math.hypot(spot.x - middle.x, spot.y - middle.y);
    return guesses.reduce((best, spot) => (far(spot) < far(best) ? spot : best));
  };
  const centreOn = (centre, width) => {
    const height = width * ratio;
    Object.assign(view, { x: centre.x - width / 2, y: centre.y - height / 2, width, height });
    show();
  };
  const allowed = (width) => Math.min(full.width, Math.max(narrowest, width));
  const zoom = (factor) => centreOn(target(), allowed(view.width / factor));
  const zoomAt = (factor, spot) => {
    const width = allowed(view.width / factor);
    const scale = width / view.width;
    const [x, y] = [spot.x - (spot.x - view.x) * scale, spot.y - (spot.y - view.y) * scale];
    Object.assign(view, { x, y, width, height: width * ratio });
    isMoved = width < full.width;
    show();
  };
  const moveBy = (x, y) => {
    view.x += x;
    view.y += y;
    isMoved = true;
    show();
  };
  // Guesses, truths and radii with the land around them; the whole Earth where that is most of it.
  const fit = () => {
    const marks = extent(spots(".guess, .truth, .reach"));
    const width = Math.max(leastFitted, 1.5 * (marks.right - marks.left), (1.5 * (marks.bottom - marks.top)) / ratio);
    whole();
    if (marks.left <= marks.right && width < 0.6 * full.width) centreOn(middleOf(marks), width);
  };

  const at = (event) => {
    const shown = find().getBoundingClientRect();
    return {
      x: view.x + ((event.clientX - shown.left) / shown.width) * view.width,
      y: view.y + ((event.clientY - shown.top) / shown.height) * view.height,
    };
  };
  const isOnMap = (event) => Boolean(event.target.closest("svg.worldmap"));
  const commands = { in: () => zoom(1.8), out: () => zoom(1 / 1.8), reset: whole };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom]");
    if (button) commands[button.dataset.zoom]();
  });
  root.addEventListener("dblclick", (event) => {
    if (!isOnMap(event)) return;
    event.preventDefault();
    zoomAt(2, at(event));
  });
  root.addEventListener("wheel", (event) => {
    if (!isOnMap(event) || !(event.ctrlKey || event.metaKey)) return; // plain scrolling belongs to the page
    event.preventDefault();
    zoomAt(Math.exp(-event.deltaY / 200), at(event));
  }, { passive: false });
  root.addEventListener("keydown", (event) => {
    if (!isOnMap(event)) return;
    const step = view.width / 8;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const zooms = { "+": "in", "=": "in", "-": "out", 0: "reset" };
    if (event.key in zooms) commands[zooms[event.key]]();
    else if (event.key in moves && view.width < full.width) moveBy(...moves[event.key]);
    else return;
    event.preventDefault();
  });

  const fingers = new Map();
  let moved = 0;
  root.addEventListener("pointerdown", (event) => {
    if (!isOnMap(event)) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved = 0;
  });
  root.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    const map = find();
    if (!last || !map) return;
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    moved += Math.abs(dx) + Math.abs(dy);
    if (view.width < full.width || fingers.size === 2) {
      if (moved > 4 && !map.hasPointerCapture(event.pointerId)) map.setPointerCapture(event.pointerId);
      if (fingers.size === 2) {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const before = Math.hypot(last.x - other.x, last.y - other.y);
        const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
        if (before > 0) zoomAt(after / before, at({ clientX: other.x, clientY: other.y }));
      } else {
        const unit = view.width / map.getBoundingClientRect().width;
        moveBy(-dx * unit, -dy * unit);
      }
    }
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
    root.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
  // A drag ends in a click; it must not open a sample or set a pin.
  root.addEventListener("click", (event) => {
    if (moved > 4 && isOnMap(event)) event.stopPropagation();
  }, true);
  return { show, fit };
}

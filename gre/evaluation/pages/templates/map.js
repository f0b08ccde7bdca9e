// Pan and zoom of every world map on the page.
"use strict";
for (const frame of document.querySelectorAll(".mapframe")) {
  const map = frame.querySelector("svg.worldmap");
  const whole = map.viewBox.baseVal;
  const full = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
  const view = { ...full };

  const show = () => {
    view.x = Math.min(Math.max(view.x, full.x), full.x + full.width - view.width);
    view.y = Math.min(Math.max(view.y, full.y), full.y + full.height - view.height);
    map.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    map.classList.toggle("zoomed", view.width < full.width);
  };
  const zoom = (factor, centre) => {
    const width = Math.min(full.width, Math.max(full.width / 64, view.width / factor));
    const scale = width / view.width;
    view.x = centre.x - (centre.x - view.x) * scale;
    view.y = centre.y - (centre.y - view.y) * scale;
    view.width = width;
    view.height = width * full.height / full.width;
    show();
  };
  const middle = () => ({ x: view.x + view.width / 2, y: view.y + view.height / 2 });
  const at = (event) => {
    const box = map.getBoundingClientRect();
    return {
      x: view.x + (event.clientX - box.left) / box.width * view.width,
      y: view.y + (event.clientY - box.top) / box.height * view.height,
    };
  };
  const commands = {
    in: () => zoom(1.8, middle()),
    out: () => zoom(1 / 1.8, middle()),
    reset: () => { Object.assign(view, full); show(); },
  };
  for (const button of frame.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => commands[button.dataset.zoom]());
  }
  map.addEventListener("dblclick", (event) => { event.preventDefault(); zoom(2, at(event)); });
  map.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // plain scrolling belongs to the page
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 200), at(event));
  }, { passive: false });
  map.addEventListener("keydown", (event) => {
    const step = view.width / 8;
    const moves = {
      ArrowLeft: () => { view.x -= step; show(); }, ArrowRight: () => { view.x += step; show(); },
      ArrowUp: () => { view.y -= step; show(); }, ArrowDown: () => { view.y += step; show(); },
      "+": commands.in, "=": commands.in, "-": commands.out, 0: commands.reset,
    };
    const isMove = event.key.startsWith("Arrow");
    if (!(event.key in moves) || (isMove && view.width === full.width)) return;
    event.preventDefault();
    moves[event.key]();
  });

  const fingers = new Map();
  let moved = 0;
  map.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved = 0;
  });
  map.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    moved += Math.abs(dx) + Math.abs(dy);
    if (view.width < full.width || fingers.size === 2) {
      if (moved > 4 && !map.hasPointerCapture(event.pointerId)) map.setPointerCapture(event.pointerId);
      const unit = view.width / map.getBoundingClientRect().width;
      if (fingers.size === 2) {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const before = Math.hypot(last.x - other.x, last.y - other.y);
        const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
        if (before > 0) zoom(after / before, at({ clientX: other.x, clientY: other.y }));
      } else {
        view.x -= dx * unit;
        view.y -= dy * unit;
        show();
      }
    }
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
    map.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
  // A drag ends in a click; it must not open a sample.
  map.addEventListener("click", (event) => {
    if (moved > 4) event.stopPropagation();
  }, true);
}

for (const mark of document.querySelectorAll(".photo-map .mark")) {
  mark.addEventListener("click", () => { location.hash = `photo-${mark.dataset.key}`; });
}

// Zoom, drag and click of a world map that Gradio draws anew with each value.
const find = () => element.querySelector("svg.worldmap");
const box = find().viewBox.baseVal;
const full = { x: box.x, y: box.y, width: box.width, height: box.height };
let view = { ...full };

const show = () => {
  const map = find();
  if (!map) return;
  view.x = Math.min(Math.max(view.x, full.x), full.x + full.width - view.width);
  view.y = Math.min(Math.max(view.y, full.y), full.y + full.height - view.height);
  map.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
  map.classList.toggle("zoomed", view.width < full.width);
};
const middle = () => {
  const mark = find().querySelector(".mark .guess");
  if (mark && view.width === full.width) {
    const spot = mark.getBBox();
    return { x: spot.x + spot.width / 2, y: spot.y + spot.height / 2 };
  }
  return { x: view.x + view.width / 2, y: view.y + view.height / 2 };
};
const zoom = (factor) => {
  const centre = middle();
  const width = Math.min(full.width, Math.max(full.width / 64, view.width / factor));
  const height = width * full.height / full.width;
  view = { x: centre.x - width / 2, y: centre.y - height / 2, width, height };
  show();
};

let start = null;
let moved = 0;
element.addEventListener("pointerdown", (event) => {
  start = event.target.closest("svg.worldmap") ? { x: event.clientX, y: event.clientY } : null;
  moved = 0;
});
element.addEventListener("pointermove", (event) => {
  if (!start) return;
  const unit = view.width / find().getBoundingClientRect().width;
  const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
  moved += Math.abs(dx) + Math.abs(dy);
  if (view.width < full.width) {
    view.x -= dx * unit;
    view.y -= dy * unit;
    show();
  }
  start = { x: event.clientX, y: event.clientY };
});
for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
  element.addEventListener(name, () => { start = null; });
}
element.addEventListener("keydown", (event) => {
  if (!event.target.closest("svg.worldmap")) return;
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? 1.8 : 1 / 1.8);
  else if (event.key in steps && view.width < full.width) {
    view.x += steps[event.key][0] * view.width / 8;
    view.y += steps[event.key][1] * view.height / 8;
    show();
  } else return;
  event.preventDefault();
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-zoom]");
  if (button) {
    const factor = Number(button.dataset.zoom);
    if (factor > 0) zoom(factor);
    else { view = { ...full }; show(); }
    return;
  }
  const map = event.target.closest("svg.worldmap");
  if (!map || moved > 4) return;
  const place = new DOMPoint(event.clientX, event.clientY)
    .matrixTransform(map.getScreenCTM().inverse());
  trigger("click", { x: place.x, y: place.y });
});
watch("value", show);

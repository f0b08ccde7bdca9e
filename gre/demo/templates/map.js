// A world map that Gradio draws anew with each value: a result opens on its marks, a pin moves nothing.
const shown = mapView(element);
element.addEventListener("click", (event) => {
  const map = event.target.closest("svg.worldmap");
  if (!map) return;
  const place = new DOMPoint(event.clientX, event.clientY)
    .matrixTransform(map.getScreenCTM().inverse());
  trigger("click", { x: place.x, y: place.y });
});
watch("value", () => (element.querySelector(".mapframe.fitted") ? shown.fit() : shown.show()));

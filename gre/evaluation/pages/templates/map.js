// Every world map on the page; one of located photos opens on its marks.
for (const frame of document.querySelectorAll(".mapframe")) {
  const shown = mapView(frame);
  if (frame.matches(".photo-map")) shown.fit();
}
for (const mark of document.querySelectorAll(".photo-map .mark")) {
  mark.addEventListener("click", () => { location.hash = `photo-${mark.dataset.key}`; });
}

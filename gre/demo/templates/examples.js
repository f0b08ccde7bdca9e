// A click on an example tells which one.
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-example]");
  if (!button) return;
  trigger("click", { example: Number(button.dataset.example) });
  const world = document.querySelector("#world");
  if (world.getBoundingClientRect().top > innerHeight - 120) world.scrollIntoView({ behavior: "smooth" });
});

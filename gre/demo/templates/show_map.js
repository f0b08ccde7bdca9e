// Where the map is below the fold, as on a phone, show it: the answer grows there.
const world = document.querySelector("#world");
if (world.getBoundingClientRect().top > innerHeight - 120) world.scrollIntoView({ behavior: "smooth" });

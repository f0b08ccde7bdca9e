// The leaderboard: which benchmark it shows, and by which column it is sorted; the radar's models.
{
  const board = one("board");
  const body = board.tBodies[0];
  const cellText = (row, column) => row.cells[column].innerText.trim();
  const nameOf = (row) => row.querySelector(".name").textContent;
  const cellNumber = (row, column) => {
    const value = Number.parseFloat(cellText(row, column).replaceAll(",", ""));
    return Number.isNaN(value) ? null : value;
  };
  const compare = (column, direction) => (a, b) => {
    if (column === 0) return direction * nameOf(a).localeCompare(nameOf(b));
    const [x, y] = [cellNumber(a, column), cellNumber(b, column)];
    if (x === null || y === null) return (x === null) - (y === null); // unknown goes last
    return direction * (x - y);
  };
  const headers = [...board.tHead.rows[0].cells];
  for (const button of board.querySelectorAll("button.sort")) {
    button.addEventListener("click", () => {
      const column = Number(button.dataset.column);
      const header = headers[column];
      const old = header.getAttribute("aria-sort");
      const direction = old ? (old === "ascending" ? "descending" : "ascending")
        : (column === 0 ? "ascending" : "descending");
      for (const other of headers) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", direction);
      body.append(...[...body.rows].sort(compare(column, direction === "ascending" ? 1 : -1)));
    });
  }
  const choose = () => {
    for (const row of body.rows) row.hidden = row.dataset.set !== one("board-set").value;
  };
  one("board-set").addEventListener("change", choose);
  choose();

  for (const box of document.querySelectorAll(".choices input")) {
    const shape = document.querySelector(`#radar .series[data-series="${box.dataset.series}"]`);
    const show = () => shape.toggleAttribute("hidden", !box.checked);
    box.addEventListener("change", show);
    show();
  }
}

"use strict";
(() => {
  const body = document.querySelector("tbody");
  const rows = [...body.rows];
  const heads = [...document.querySelectorAll("thead th")];
  const lang = document.documentElement.lang;
  const by = new Intl.Collator(lang, { numeric: true, sensitivity: "base" });
  const sort = document.getElementById("sort");
  const find = document.getElementById("find");
  const shown = document.getElementById("shown");
  const tiles = [...document.querySelectorAll("#counts li[data-s]")];
  const texts = rows.map((row) => row.textContent.toLocaleLowerCase(lang));
  let column = 0, down = false, status = "";

  function key(row) {
    const cell = row.cells[column];
    return "k" in cell.dataset ? cell.dataset.k : cell.textContent.trim();
  }
  function order() {
    const number = heads[column].dataset.n !== undefined;
    const keyed = rows.map((row, i) => [key(row), i, row]);
    keyed.sort((a, b) => {
      if (!a[0] || !b[0]) return (a[0] ? 0 : 1) - (b[0] ? 0 : 1) || a[1] - b[1];
      const c = number ? a[0] - b[0] : by.compare(a[0], b[0]);
      return (down ? -c : c) || a[1] - b[1];
    });
    body.append(...keyed.map((one) => one[2]));
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    sort.value = column + (down ? "-" : "+");
  }
  function filter() {
    const words = find.value.toLocaleLowerCase(lang).split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, i) => {
      const keep = (!status || row.dataset.s === status) && words.every((word) => texts[i].includes(word));
      row.hidden = !keep;
      count += keep ? 1 : 0;
    });
    shown.textContent = shown.dataset.text.replace("#", count.toLocaleString(lang));
    tiles.forEach((tile) => tile.firstElementChild.setAttribute("aria-pressed", String(tile.dataset.s === status)));
  }

  heads.forEach((head, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      down = i === column ? !down : head.dataset.n !== undefined && i > 1;
      column = i;
      order();
    });
    for (const mark of head.dataset.n !== undefined && i > 1 ? ["-", "+"] : ["+", "-"]) {
      const option = document.createElement("option");
      option.value = i + mark;
      option.textContent = button.textContent + (mark === "-" ? " \u2193" : " \u2191");
      sort.append(option);
    }
  });
  tiles.forEach((tile) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...tile.childNodes);
    tile.append(button);
    button.addEventListener("click", () => {
      status = status === tile.dataset.s ? "" : tile.dataset.s;
      filter();
    });
  });
  sort.addEventListener("change", () => {
    column = parseInt(sort.value, 10);
    down = sort.value.endsWith("-");
    order();
  });
  find.addEventListener("input", filter);
  document.getElementById("tools").hidden = false;
  sort.value = "0+";
  filter();
})();

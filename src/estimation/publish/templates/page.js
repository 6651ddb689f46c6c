"use strict";
(() => {
  const lang = document.documentElement.lang;
  const by = new Intl.Collator(lang, { numeric: true, sensitivity: "base" });
  const [group, point] = lang === "id" ? [/\./g, ","] : [/,/g, "."];

  // the first number of a cell as its readers write it; null where it begins with none
  function number(text) {
    const found = /^[±+]?\s*([\u2212-]?)\s*(\d[\d.,]*)/.exec(text);
    return found && (found[1] ? -1 : 1) * Number(found[2].replace(group, "").replace(point, ".").replace(/\.$/, ""));
  }

  for (const table of document.querySelectorAll("main table")) {
    const rows = table.tHead && table.tBodies.length === 1 ? [...table.tBodies[0].rows] : [];
    const heads = rows.length ? [...table.tHead.rows[0].cells] : [];
    const even = rows.every((row) => row.cells[0].scope !== "rowgroup" && [...row.cells].every((cell) => cell.rowSpan === 1));
    if (rows.length < 3 || !even || table.tHead.rows.length !== 1 || heads.some((head) => head.colSpan > 1)) continue;
    let column = -1, down = false;

    const key = (row) => {
      const cell = row.cells[column];
      return cell ? cell.dataset.sort ?? cell.textContent.trim() : "";
    };
    function order() {
      const all = rows.map((row, i) => [key(row), i, row]);
      const filled = all.filter((one) => one[0] && one[0] !== "–");
      const keyed = rows.some((row) => row.cells[column] && "sort" in row.cells[column].dataset);
      const numbers = filled.map((one) => number(one[0]));
      const numeric = !keyed && numbers.length > 0 && numbers.every((value) => value !== null);
      filled.forEach((one, i) => { if (numeric) one[0] = numbers[i]; });
      filled.sort((a, b) => {
        const c = numeric ? a[0] - b[0] : by.compare(a[0], b[0]);
        return (down ? -c : c) || a[1] - b[1];
      });
      const blank = all.filter((one) => !filled.includes(one));
      table.tBodies[0].append(...[...filled, ...blank].map((one) => one[2]));
      heads.forEach((head, i) => {
        if (i === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
    }
    heads.forEach((head, i) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        down = i === column ? !down : head.classList.contains("num");
        column = i;
        order();
      });
    });
  }

  // a table that is wider than the screen is reached and moved by the keyboard
  const scrolls = [...document.querySelectorAll(".scroll")];
  function reach() {
    for (const scroll of scrolls) {
      const heading = scroll.closest("section")?.querySelector("h2");
      if (scroll.scrollWidth > scroll.clientWidth) {
        scroll.tabIndex = 0;
        scroll.setAttribute("role", "region");
        scroll.setAttribute("aria-label", heading ? heading.textContent : document.title);
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) scroll.removeAttribute(name);
      }
    }
  }
  reach();
  addEventListener("resize", reach);

  // how old what a screen shows is, and a screen that makes itself new
  function age() {
    for (const time of document.querySelectorAll("[data-age]")) {
      const minutes = Math.floor((Date.now() - Date.parse(time.dataset.age)) / 60000);
      const known = minutes >= 0 && minutes < 24 * 60;
      time.hidden = !known;
      if (known) time.textContent = time.dataset.text.replace("#", minutes.toLocaleString(lang));
      time.classList.toggle("late", minutes >= 15);
    }
  }
  age();
  setInterval(age, 10000);
  const pause = document.querySelector("[data-refresh]");
  if (pause) {
    let on = true;
    setInterval(() => { if (on) location.reload(); }, 1000 * pause.dataset.refresh);
    pause.hidden = false;
    pause.addEventListener("click", () => {
      on = !on;
      pause.setAttribute("aria-pressed", String(!on));
      pause.textContent = on ? pause.dataset.pause : pause.dataset.resume;
    });
  }
})();

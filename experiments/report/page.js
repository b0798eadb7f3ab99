"use strict";
const views = [];
const names = new Map();

// One estimator is shown everywhere: in the charts, by its label, and in tables and catalogue, by its words.
function show(words) {
  document.getElementById("chosen").textContent = words ? "shown: " + words : "";
  const label = [...names].find(([, value]) => value === words);
  for (const view of views) view.signal("highlight", words ? (label ? label[0] : words) : "").run();
  for (const part of document.querySelectorAll("[data-estimator]")) {
    part.classList.toggle("on", words !== "" && part.dataset.estimator === words);
  }
}

function filter(text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of document.querySelectorAll("tbody tr")) {
    const said = row.textContent.toLowerCase();
    row.hidden = !wanted.every((word) => said.includes(word));
  }
  if (wanted.length) for (const part of document.querySelectorAll("details:has(table)")) part.open = true;
}

// Numbers by value, what is no number after them; a second click turns the order round.
function sort(head) {
  const table = head.closest("table"), place = head.cellIndex, body = table.tBodies[0];
  const up = head.getAttribute("aria-sort") !== "ascending";
  const value = (row) => {
    const text = row.cells[place].textContent.trim();
    const number = parseFloat(text.replace(/^[<>]\s*/, ""));
    return Number.isNaN(number) ? [1, text] : [0, number];
  };
  const rows = [...body.rows].sort((a, b) => {
    const [x, p] = value(a), [y, q] = value(b);
    return (x - y) || (up ? 1 : -1) * (p < q ? -1 : p > q ? 1 : 0);
  });
  for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  body.append(...rows);
}

document.addEventListener("click", (event) => {
  const head = event.target.closest("th");
  if (head) sort(head);
  const name = event.target.closest(".estimator");
  if (name) {
    event.preventDefault();
    show(name.textContent);
  }
});
document.getElementById("filter").addEventListener("input", (event) => filter(event.target.value));
document.getElementById("all").addEventListener("click", () => show(""));

const told = document.getElementById("charts");
if (told) {
  const charts = JSON.parse(told.textContent);
  for (const place of document.querySelectorAll("[data-chart]")) {
    const spec = charts[place.dataset.chart];
    for (const rows of Object.values(spec.datasets || {})) for (const row of rows) names.set(row.label, row.name);
    vegaEmbed(place, spec, { actions: false, renderer: "svg", ast: false }).then((made) => {
      views.push(made.view);
      made.view.addEventListener("click", (event, item) => {
        if (item && item.datum && item.datum.name) show(item.datum.name);
      });
    });
  }
}

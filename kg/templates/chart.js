"use strict";
// Draws a grid or bars as HTML that a screen reader can walk through; the SVG of the export is made from the same data.
(function () {
  const view = window.kgView, { data, byId, $, element, colour } = view, chart = data.chart;
  const stage = $("graph"), buttons = [];
  const TONES = ["transparent", "#eef3f8", "#d9e6f2", "#bcd5ea", "#98c0df", "#6ea6d0", "#2f6ea8", "#18528a", "#0a3763"];
  stage.classList.add("chart");
  stage.removeAttribute("tabindex");
  const at = new Map(chart.cells.map((cell, number) => [cell.row + "\t" + cell.column, number]));
  const wide = chart.columns.length <= 9;
  const shown = (cell) => !cell.claims.length || cell.claims.some((id) => view.visible.has(view.edgeOfClaim.get(id).id));

  function grid() {
    const table = element("table", undefined, wide ? "grid wide" : "grid"), head = element("thead"), line = element("tr"), body = element("tbody");
    table.append(element("caption", chart.across));
    const corner = element("th", chart.corner);
    corner.scope = "col";
    line.append(corner, ...chart.columns.map(([, label]) => {
      const cell = element("th");
      cell.scope = "col";
      cell.append(element("span", label));
      return cell;
    }));
    head.append(line);
    chart.rows.forEach(([row, label]) => {
      const made = element("tr"), name = element("th", label);
      name.scope = "row";
      name.title = label;
      made.append(name);
      chart.columns.forEach(([column]) => {
        const field = element("td"), number = at.get(row + "\t" + column);
        if (number !== undefined) {
          const cell = chart.cells[number], button = element("button", cell.mark, "t" + cell.tone + (cell.human ? " human" : ""));
          button.type = "button";
          button.tabIndex = buttons.length ? -1 : 0;
          button.dataset.number = number;
          button.setAttribute("aria-label", cell.text);
          button.title = cell.text;
          button.addEventListener("click", () => { settle(button); view.showCell(number); });
          button.addEventListener("keydown", walk);
          buttons.push(button);
          field.append(button);
        }
        made.append(field);
      });
      body.append(made);
    });
    table.append(head, body);
    stage.append(table);
  }
  function settle(button) {
    buttons.forEach((each) => { each.tabIndex = each === button ? 0 : -1; });
    button.focus();
  }
  function walk(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const here = event.target.getBoundingClientRect();
    const away = (box) => [(box.left - here.left) * step[0] + (box.top - here.top) * step[1], Math.abs((box.left - here.left) * step[1]) + Math.abs((box.top - here.top) * step[0])];
    const next = buttons.map((button) => [button, away(button.getBoundingClientRect())]).filter(([, [far]]) => far > 1)
      .sort((a, b) => a[1][0] + 4 * a[1][1] - b[1][0] - 4 * b[1][1])[0];
    if (next) settle(next[0]);
  }

  const most = Math.max(...chart.bars.map((bar) => bar.value), 1e-12);
  function bars() {
    const list = element("ol", undefined, "bars");
    list.setAttribute("aria-label", chart.across);
    stage.append(element("p", chart.across, "facts"), list);
    chart.bars.forEach((bar) => {
      const item = element("li"), button = element("button"), node = byId.get(bar.node);
      button.type = "button";
      button.dataset.node = bar.node;
      const picture = view.make("svg", { viewBox: "0 0 100 18", preserveAspectRatio: "none", "aria-hidden": "true" });
      picture.append(view.make("rect", { x: 0, y: 1, width: (bar.value / most) * 100, height: 16, rx: 0.6, fill: "currentColor" }));
      button.append(element("span", node.name, "name"), picture, element("span", bar.text, "value"));
      button.addEventListener("click", () => view.showNode(bar.node));
      item.append(button);
      list.append(item);
      buttons.push(button);
    });
  }
  const ink = (node) => (view.dark ? ["#b39be6", "#6db3f8", "#e0b252", "#69c58b", "#aab4bf", "#f08c83"] : ["#6a4fa3", "#2b78b8", "#a8760d", "#2c8a50", "#5b6470", "#b8453a"])[node.layer % 6];

  function paint() {
    if (chart.bars.length) {
      buttons.forEach((button) => {
        const node = byId.get(button.dataset.node), category = $("category").value;
        button.querySelector("rect").setAttribute("fill", ink(node));
        button.classList.toggle("off", Boolean(category) && node.category !== category);
        button.setAttribute("aria-pressed", String(view.selected.node === node.id));
      });
      return;
    }
    buttons.forEach((button) => {
      const number = Number(button.dataset.number);
      button.classList.toggle("off", !shown(chart.cells[number]));
      button.setAttribute("aria-pressed", String(view.selected.cell === number));
    });
  }
  function count() {
    if (chart.bars.length) return chart.bars.length + " bars, " + view.visible.size + " of " + data.edges.length + " edges between them";
    const on = chart.cells.filter(shown).length;
    return on + " of " + chart.cells.length + " fields, " + view.visible.size + " of " + data.edges.length + " edges behind them";
  }
  function focus(id) {
    const name = byId.get(id).name, row = [...stage.querySelectorAll("tbody th, .bars .name")].find((each) => each.textContent === name)
      || [...stage.querySelectorAll("thead th")].find((each) => each.textContent === name);
    if (row) row.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  function legend() {
    return [...chart.tones.map(([tone, name]) => [tone ? TONES[tone] : colour("bg"), colour("soft"), name]),
      ...chart.marks.map(([mark, name]) => ["none", "none", mark + "  " + name]),
      ...(chart.bars.length ? data.layers.flatMap((label, layer) => (data.nodes.some((n) => n.layer === layer) ? [[ink({ layer: layer }), colour("soft"), label]] : [])) : [])];
  }
  function svg() {
    const make = view.make, parts = [], fg = colour("fg");
    if (chart.bars.length) {
      chart.bars.forEach((bar, i) => {
        const node = byId.get(bar.node), length = (bar.value / most) * 460;
        parts.push(make("text", { x: 0, y: i * 24 + 16, "text-anchor": "end", "font-size": 13, fill: fg }, node.name),
          make("rect", { x: 8, y: i * 24 + 3, width: Math.max(1, length), height: 18, fill: ink(node) }),
          make("text", { x: length + 14, y: i * 24 + 16, "font-size": 12, fill: colour("soft") }, bar.text));
      });
      return { box: [-200, 0, 560, chart.bars.length * 24], parts: parts };
    }
    const step = wide ? 92 : 30, high = wide ? 26 : 24, top = wide ? 26 : 150;
    chart.columns.forEach(([, label], i) => parts.push(wide
      ? make("text", { x: i * step + step / 2, y: top - 8, "text-anchor": "middle", "font-size": 12, fill: fg }, label)
      : make("text", { transform: `translate(${i * step + 19},${top - 6}) rotate(-60)`, "font-size": 12, fill: fg }, label)));
    chart.rows.forEach(([, label], i) => parts.push(make("text", { x: -8, y: top + i * high + 16, "text-anchor": "end", "font-size": 12, fill: fg }, label)));
    chart.rows.forEach(([row], r) => chart.columns.forEach(([column], c) => {
      const number = at.get(row + "\t" + column), cell = chart.cells[number];
      const fade = cell && !shown(cell) ? 0.15 : 1;
      parts.push(make("rect", { x: c * step, y: top + r * high, width: step - 2, height: high - 2, rx: 3, fill: cell && cell.tone ? TONES[cell.tone] : "none", stroke: colour("line"), opacity: fade }));
      if (cell && cell.human) parts.push(make("rect", { x: c * step + 3, y: top + (r + 1) * high - 6, width: step - 8, height: 3, opacity: fade, fill: cell.tone > 5 ? "#ffffff" : cell.tone ? "#10151a" : fg }));
      if (cell) parts.push(make("text", { x: c * step + step / 2 - 1, y: top + r * high + 16, "text-anchor": "middle", "font-size": 12, "font-weight": 600, opacity: fade, fill: cell.tone > 5 ? "#ffffff" : cell.tone ? "#10151a" : fg }, cell.mark));
    }));
    const label = Math.max(...chart.rows.map((row) => row[1].length), 4) * 6.8 + 12;
    return { box: [-label, 0, chart.columns.length * step + (wide ? 0 : 70), top + chart.rows.length * high], parts: parts };
  }
  if (chart.bars.length) bars(); else grid();
  view.drawing = { paint, focus, svg, legend, count };
  view.start();
})();

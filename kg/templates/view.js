"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = new Map(data.nodes.map((node) => [node.id, node]));
  const edgeById = new Map(data.edges.map((edge) => [edge.id, edge]));
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const $ = (id) => document.getElementById(id);
  const SIGNS = {
    1: { word: "raises", name: "raises", head: "arrow" },
    "-1": { word: "lowers", name: "lowers", head: "bar" },
    2: { word: "both", name: "raises and lowers: papers disagree or contexts differ", head: "diamond" },
    0: { word: "none", name: "unsigned", head: "circle" },
  };
  const VERBS = { positively_regulates: "raises", negatively_regulates: "lowers", has_function_defect: "fails in" };
  const LIGHT = ["#e8e2f3", "#cfe5f7", "#fdeac2", "#d5efdc", "#eceff2", "#f8d9d6"];
  const DARK = ["#40345c", "#1f4565", "#5a4413", "#1f4d31", "#363e47", "#642a26"];
  let dark = false;
  let selected = { edge: null, node: null, route: null };
  let visible = new Set(data.edges.map((edge) => edge.id));

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const fill = (node) => (dark ? DARK : LIGHT)[node.layer % LIGHT.length];
  const words = (text) => text.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  // --- drawing -------------------------------------------------------------------------------------------------------
  const columns = [];
  data.layers.forEach((label, layer) => {
    const inside = data.nodes.filter((node) => node.layer === layer);
    if (!inside.length) return;
    const left = Math.min(...inside.map((node) => node.x - node.w / 2));
    const right = Math.max(...inside.map((node) => node.x + node.w / 2));
    columns.push({ label: label, x: (left + right) / 2 });
  });
  const top = Math.min(0, ...data.nodes.map((node) => node.y - node.h / 2)) - 34;

  const lit = () => {
    if (selected.route !== null) return (edge) => edge.routes.includes(selected.route);
    if (selected.node !== null) return (edge) => edge.from === selected.node || edge.to === selected.node;
    if (selected.edge !== null) return (edge) => edge.id === selected.edge;
    return () => true;
  };
  const upright = (edge) => Math.abs(byId.get(edge.from).x - byId.get(edge.to).x) < 40;
  const width = (edge) => 1.4 + 1.1 * Math.sqrt(Math.min(edge.papers, 12));

  function nodeStyle(node, on) {
    const strong = selected.node === node.id;
    return {
      id: node.id,
      hidden: false,
      opacity: on ? 1 : 0.22,
      color: { background: fill(node), border: strong ? colour("accent") : colour("soft"),
        highlight: { background: fill(node), border: colour("accent") } },
      borderWidth: strong ? 3 : 1,
      font: { color: colour("fg"), size: 14, face: "system-ui, Segoe UI, Roboto, Arial, sans-serif" },
    };
  }

  function edgeStyle(edge, on) {
    const sign = SIGNS[edge.sign];
    return {
      id: edge.id,
      hidden: !visible.has(edge.id),
      width: selected.edge === edge.id ? width(edge) + 2 : width(edge),
      dashes: edge.sign === 2 ? [9, 5] : edge.sign === 0 ? [2, 4] : false,
      color: { color: colour(sign.word), highlight: colour(sign.word), opacity: on ? 0.95 : 0.1, inherit: false },
      arrows: { to: { enabled: true, type: sign.head, scaleFactor: edge.sign === -1 ? 0.9 : 0.65 } },
    };
  }

  const nodes = new vis.DataSet(data.nodes.map((node) => Object.assign(nodeStyle(node, true), {
    label: node.lines.join("\n"), x: node.x, y: node.y, shape: "box", margin: 7,
    widthConstraint: { minimum: node.w - 16 },
  })));
  const edges = new vis.DataSet(data.edges.map((edge) => Object.assign(edgeStyle(edge, true), {
    from: edge.from, to: edge.to,
    ...(upright(edge) ? { smooth: { enabled: true, type: "curvedCW", roundness: 0.42 } } : {}),
  })));
  const network = new vis.Network($("graph"), { nodes: nodes, edges: edges }, {
    physics: false,
    layout: { improvedLayout: false },
    interaction: { hover: false, keyboard: false, dragNodes: false, multiselect: false, selectConnectedEdges: false,
      tooltipDelay: 1e6 },
    nodes: { shapeProperties: { borderRadius: 6 }, chosen: false },
    edges: { smooth: { enabled: true, type: "cubicBezier", forceDirection: "horizontal", roundness: 0.45 }, chosen: false,
      arrowStrikethrough: false, hoverWidth: 0, selectionWidth: 0 },
  });
  network.on("beforeDrawing", (context) => {
    context.fillStyle = colour("soft");
    context.font = "600 15px system-ui, Segoe UI, Roboto, Arial, sans-serif";
    context.textAlign = "center";
    columns.forEach((column) => context.fillText(column.label, column.x, top));
  });
  function fit(animated) {
    const left = Math.min(...data.nodes.map((n) => n.x - n.w / 2), ...columns.map((c) => c.x - c.label.length * 4.4)) - 16, right = Math.max(...data.nodes.map((n) => n.x + n.w / 2)) + 16;
    const bottom = Math.max(...data.nodes.map((n) => n.y + n.h / 2)) + 14, high = top - 24, box = $("graph").getBoundingClientRect();
    const scale = Math.min(1.35, box.width / (right - left), box.height / (bottom - high));
    network.moveTo({ position: { x: (left + right) / 2, y: (high + bottom) / 2 }, scale: scale,
      animation: animated && !still ? { duration: 250 } : false });
  }

  function paint() {
    const on = lit();
    const near = new Set();
    data.edges.forEach((edge) => { if (visible.has(edge.id) && on(edge)) { near.add(edge.from); near.add(edge.to); } });
    if (selected.node !== null) near.add(selected.node);
    edges.update(data.edges.map((edge) => edgeStyle(edge, on(edge))));
    nodes.update(data.nodes.map((node) => nodeStyle(node, near.has(node.id))));
    const used = new Set();
    data.edges.forEach((edge) => { if (visible.has(edge.id)) { used.add(edge.from); used.add(edge.to); } });
    let text = visible.size + " of " + data.edges.length + " edges, " + used.size + " of " + data.nodes.length + " nodes";
    if (data.hidden_edges) text += "; " + data.hidden_edges + " more claims are not in this picture";
    $("count").textContent = text;
    remember();
    if ($("twin").open) table();
  }

  // --- panel ---------------------------------------------------------------------------------------------------------
  function say(text) { $("status").textContent = text; }

  function sentence(id, claim) {
    const edge = data.edges.find((each) => each.claims.includes(id));
    const verb = VERBS[claim.p] || claim.p.replace(/_/g, " ");
    const what = VERBS[claim.p] && claim.a ? claim.a + " of " + byId.get(edge.to).name : byId.get(edge.to).name;
    const lead = !VERBS[claim.p] && claim.a && claim.a !== "secretion" && claim.a !== "expression" ? " (" + claim.a + ")" : "";
    return byId.get(edge.from).name + lead + " " + verb + " " + what + (claim.c ? " in " + claim.c : "");
  }

  function evidence(row) {
    const [statement, publication, direction, species, system, read, context] = row;
    const box = element("div", undefined, "evidence " + direction);
    box.append(element("p", (direction === "refutes" ? "Against: " : "") + statement));
    const facts = [system, species, read === "title" ? "title only" : "", context].filter(Boolean).join(", ");
    box.append(element("p", facts, "facts"));
    const [citation, address] = data.papers[publication];
    const line = element("p", undefined, "facts");
    if (address) {
      const anchor = element("a", citation);
      anchor.href = address;
      anchor.rel = "noopener noreferrer";
      anchor.target = "_blank";
      line.append(anchor, " (" + publication + ")");
    } else {
      line.append(citation + " (" + publication + ")");
    }
    box.append(line);
    return box;
  }

  function claims(edge, into) {
    edge.claims.forEach((id) => {
      const claim = data.claims[id];
      const head = element("h3");
      const word = SIGNS[claim.s].word;
      head.append(element("span", claim.s > 0 ? "+ " : claim.s < 0 ? "\u2212 " : "\u00b7 ", "mark " + word), sentence(id, claim));
      into.append(head);
      if (!claim.e.length) into.append(element("p", "From the hierarchy of concepts; no paper needed.", "facts"));
      claim.e.forEach((row) => into.append(evidence(row)));
    });
  }

  function showEdge(id) {
    const edge = edgeById.get(id);
    if (!edge) return;
    selected = { edge: id, node: null, route: null };
    const details = $("details");
    details.replaceChildren(element("h2", byId.get(edge.from).name + " \u2192 " + byId.get(edge.to).name));
    const number = edge.papers === 1 ? "1 paper" : edge.papers + " papers";
    details.append(element("p", SIGNS[edge.sign].name + "; " + number + (edge.contradicted ? "; contradicted" : "")));
    claims(edge, details);
    say("");
    press();
    paint();
    $("panel").scrollTop = 0;
  }

  function showNode(id) {
    const node = byId.get(id);
    if (!node) return;
    selected = { edge: null, node: id, route: null };
    const details = $("details");
    details.replaceChildren(element("h2", node.name), element("p", words(node.category) + ", " + node.id));
    if (node.synonyms.length) details.append(element("p", "also: " + node.synonyms.join(", "), "facts"));
    const list = element("ul");
    data.edges.filter((edge) => edge.from === id || edge.to === id).forEach((edge) => {
      const item = element("li");
      const button = element("button", undefined, "route");
      button.type = "button";
      button.append(element("span", edge.sign > 0 && edge.sign < 2 ? "+ " : edge.sign < 0 ? "\u2212 " : "\u00b1 ", "mark " + SIGNS[edge.sign].word));
      button.append(byId.get(edge.from).name + " \u2192 " + byId.get(edge.to).name + " (" + edge.papers + ")");
      button.addEventListener("click", () => showEdge(edge.id));
      item.append(button);
      list.append(item);
    });
    details.append(list);
    press();
    paint();
  }

  function clear() {
    selected = { edge: null, node: null, route: null };
    $("details").replaceChildren(element("p", data.edges.length
      ? "Click an edge for its papers, a thing for its claims, a route to follow it." : "Nothing to show."));
    data.notes.forEach((note) => $("details").append(element("p", note)));
    press();
    paint();
  }

  function press() {
    document.querySelectorAll("#routes .route").forEach((button) => {
      button.setAttribute("aria-pressed", String(Number(button.dataset.rank) === selected.route));
    });
  }

  function showRoute(rank) {
    const route = data.routes.find((each) => each.rank === rank);
    if (!route) return;
    selected = { edge: null, node: null, route: rank };
    const details = $("details");
    details.replaceChildren(element("h2", "Route " + rank + ": " + route.label));
    route.text.forEach((line) => details.append(element("p", line)));
    data.edges.filter((edge) => edge.routes.includes(rank)).forEach((edge) => claims(edge, details));
    press();
    paint();
    $("panel").scrollTop = 0;
  }

  function routeList() {
    if (!data.routes.length) return;
    $("routes").append(element("h2", "Routes, strongest first"));
    data.routes.forEach((route) => {
      const button = element("button", undefined, "route");
      button.type = "button";
      button.dataset.rank = route.rank;
      button.setAttribute("aria-pressed", "false");
      button.append(element("span", route.sign > 0 ? "+ " : "\u2212 ", "mark " + SIGNS[route.sign].word));
      button.append(route.rank + ". " + route.label);
      button.append(element("small", (route.verb || SIGNS[route.sign].name + " the target") + ", weight " + route.weight.toFixed(3)));
      button.addEventListener("click", () => (selected.route === route.rank ? clear() : showRoute(route.rank)));
      $("routes").append(button);
    });
  }

  // --- search and filters --------------------------------------------------------------------------------------------
  function find(text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return;
    const labels = (node) => [node.name, node.id].concat(node.synonyms).map((label) => label.toLowerCase());
    const hit = data.nodes.find((node) => labels(node).includes(wanted))
      || data.nodes.find((node) => labels(node).some((label) => label.startsWith(wanted)))
      || data.nodes.find((node) => labels(node).some((label) => label.includes(wanted)));
    if (!hit) { say("Nothing here is called \u201c" + text.trim() + "\u201d."); return; }
    showNode(hit.id);
    say("Found " + hit.name + ".");
    network.moveTo({ position: { x: hit.x, y: hit.y }, animation: !still });
  }

  function filter() {
    const signs = new Set([...document.querySelectorAll(".sign:checked")].map((box) => Number(box.value)));
    const category = $("category").value, species = $("species").value;
    const papers = Number($("papers").value) || 0, contradicted = $("contradicted").checked;
    visible = new Set(data.edges.filter((edge) => signs.has(edge.sign)
      && (!category || byId.get(edge.from).category === category || byId.get(edge.to).category === category)
      && (!species || edge.species.includes(species))
      && edge.papers >= papers && (!contradicted || edge.contradicted)).map((edge) => edge.id));
    paint();
  }

  function options(id, values) {
    values.forEach((value) => { const option = element("option", value); option.value = value; $(id).append(option); });
  }

  // --- table twin ----------------------------------------------------------------------------------------------------
  const HEADS = ["from", "sign", "to", "claims", "papers", "species", "contradicted"];
  let sorting = { column: 0, down: false };
  const cells = (edge) => [byId.get(edge.from).name, SIGNS[edge.sign].word === "none" ? "unsigned" : SIGNS[edge.sign].word,
    byId.get(edge.to).name, edge.claims.map((id) => sentence(id, data.claims[id])).join("; "), edge.papers,
    edge.species.join(", "), edge.contradicted ? "yes" : "no"];
  const rows = () => data.edges.filter((edge) => visible.has(edge.id)).map((edge) => ({ id: edge.id, cells: cells(edge) }))
    .sort((a, b) => {
      const [x, y] = [a.cells[sorting.column], b.cells[sorting.column]];
      const order = typeof x === "number" ? x - y : x < y ? -1 : x > y ? 1 : 0;
      return (sorting.down ? -order : order) || (a.id < b.id ? -1 : 1);
    });

  function table() {
    const head = document.querySelector("#twin thead tr"), body = document.querySelector("#twin tbody");
    head.replaceChildren(...HEADS.map((name, column) => {
      const cell = element("th"), button = element("button", name);
      cell.scope = "col";
      cell.setAttribute("aria-sort", sorting.column === column ? (sorting.down ? "descending" : "ascending") : "none");
      button.type = "button";
      button.addEventListener("click", () => {
        sorting = { column: column, down: sorting.column === column && !sorting.down };
        table();
        document.querySelectorAll("#twin th button")[column].focus();
      });
      cell.append(button);
      return cell;
    }));
    body.replaceChildren(...rows().map((row) => {
      const line = element("tr");
      line.tabIndex = 0;
      line.dataset.id = row.id;
      row.cells.forEach((cell) => line.append(element("td", String(cell))));
      line.addEventListener("click", () => showEdge(row.id));
      line.addEventListener("keydown", (event) => { if (event.key === "Enter") showEdge(row.id); });
      return line;
    }));
    document.querySelector("#twin caption").textContent = visible.size + " of " + data.edges.length + " edges";
  }

  const csv = () => [HEADS].concat(rows().map((row) => row.cells))
    .map((line) => line.map((cell) => '"' + String(cell).replace(/"/g, '""') + '"').join(",")).join("\r\n") + "\r\n";

  // --- export --------------------------------------------------------------------------------------------------------
  function svg() {
    const pad = 30, space = "http://www.w3.org/2000/svg";
    const left = Math.min(...data.nodes.map((n) => n.x - n.w / 2)) - pad, right = Math.max(...data.nodes.map((n) => n.x + n.w / 2)) + pad;
    const bottom = Math.max(...data.nodes.map((n) => n.y + n.h / 2)) + 76, high = top - 78;
    const make = (tag, attributes, text) => {
      const made = document.createElementNS(space, tag);
      Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
      if (text !== undefined) made.textContent = text;
      return made;
    };
    const box = make("svg", { viewBox: [left, high, right - left, bottom - high].join(" "), width: right - left,
      height: bottom - high, "font-family": "Arial, Helvetica, sans-serif" });
    box.append(make("title", {}, data.title), make("rect", { x: left, y: high, width: right - left, height: bottom - high, fill: colour("bg") }));
    box.append(make("text", { x: left + pad, y: high + 30, "font-size": 20, "font-weight": 700, fill: colour("fg") }, data.title));
    box.append(make("text", { x: left + pad, y: high + 50, "font-size": 13, fill: colour("soft") }, data.subtitle));
    columns.forEach((c) => box.append(make("text", { x: c.x, y: top, "text-anchor": "middle", "font-size": 14, "font-weight": 600, fill: colour("soft") }, c.label)));
    const on = lit();
    data.edges.filter((edge) => visible.has(edge.id)).forEach((edge) => {
      const a = byId.get(edge.from), b = byId.get(edge.to), forward = b.x >= a.x;
      const x1 = a.x + (forward ? a.w : -a.w) / 2, x2 = b.x - (forward ? b.w : -b.w) / 2 - (forward ? 8 : -8);
      const reach = Math.max(40, Math.abs(x2 - x1) * 0.45) * (forward ? 1 : -1), ink = colour(SIGNS[edge.sign].word);
      if (upright(edge)) {
        const side = Math.max(a.w, b.w) / 2;
        box.append(make("path", { d: `M${a.x + a.w / 2},${a.y} Q${a.x + side + 40},${(a.y + b.y) / 2} ${b.x + b.w / 2 + 4},${b.y}`, stroke: ink,
          fill: "none", "stroke-width": width(edge), opacity: on(edge) ? 1 : 0.12, "stroke-dasharray": edge.sign === 2 ? "9 5" : edge.sign === 0 ? "2 4" : "none" }));
        box.append(make("text", { x: b.x + b.w / 2 + 3, y: b.y + 5, "font-size": 14, fill: ink }, edge.sign === 1 ? "\u25c0" : edge.sign === -1 ? "\u22a2" : edge.sign === 2 ? "\u25c6" : "\u25cf"));
        return;
      }
      const group = make("g", { stroke: ink, fill: "none", opacity: on(edge) ? 1 : 0.12, "stroke-width": width(edge) });
      group.append(make("path", { d: `M${x1},${a.y} C${x1 + reach},${a.y} ${x2 - reach},${b.y} ${x2},${b.y}`,
        "stroke-dasharray": edge.sign === 2 ? "9 5" : edge.sign === 0 ? "2 4" : "none" }));
      const s = forward ? 1 : -1;
      if (edge.sign === 1) group.append(make("path", { d: `M${x2 + 8 * s},${b.y} l${-11 * s},-6 l0,12 z`, fill: ink, "stroke-width": 1 }));
      else if (edge.sign === -1) group.append(make("path", { d: `M${x2 + 3 * s},${b.y - 9} l0,18`, "stroke-width": 4 }));
      else if (edge.sign === 2) group.append(make("path", { d: `M${x2 + 8 * s},${b.y} l${-7 * s},-6 l${-7 * s},6 l${7 * s},6 z`, fill: ink, "stroke-width": 1 }));
      else group.append(make("circle", { cx: x2 + 3 * s, cy: b.y, r: 4, fill: ink, "stroke-width": 1 }));
      box.append(group);
    });
    data.nodes.forEach((node) => {
      box.append(make("rect", { x: node.x - node.w / 2, y: node.y - node.h / 2, width: node.w, height: node.h, rx: 6, fill: fill(node), stroke: colour("soft") }));
      node.lines.forEach((line, i) => box.append(make("text", { x: node.x, y: node.y + 5 + (i - (node.lines.length - 1) / 2) * 17, "text-anchor": "middle", "font-size": 14, fill: colour("fg") }, line)));
    });
    let x = left + pad;
    Object.entries(SIGNS).forEach(([, sign]) => {
      box.append(make("text", { x: x, y: bottom - 34, "font-size": 13, fill: colour(sign.word) }, ({ arrow: "\u25b6", bar: "\u22a3", diamond: "\u25c6", circle: "\u25cf" })[sign.head] + " " + sign.name));
      x += 30 + sign.name.length * 7.2;
    });
    box.append(make("text", { x: left + pad, y: bottom - 12, "font-size": 12, fill: colour("soft") }, "mscim, data " + data.data_version + "; line width: number of papers; " + $("count").textContent));
    return { text: '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(box), width: right - left, height: bottom - high };
  }

  function save(name, blob) {
    const anchor = element("a");
    anchor.href = URL.createObjectURL(blob);
    anchor.download = name;
    document.body.append(anchor);
    anchor.click();
    anchor.remove();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 10000);
  }

  const fileName = data.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "mscim";
  function saveSvg() { save(fileName + ".svg", new Blob([svg().text], { type: "image/svg+xml" })); }
  function savePng() {
    const drawn = svg(), picture = new Image();
    picture.onload = () => {
      const canvas = document.createElement("canvas"), scale = Math.min(2.5, 16000 / Math.max(drawn.width, drawn.height));
      canvas.width = Math.round(drawn.width * scale);
      canvas.height = Math.round(drawn.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(fileName + ".png", blob), "image/png");
    };
    picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(drawn.text);
  }

  // --- deep links, theme, start ----------------------------------------------------------------------------------------
  function remember() {
    const state = new URLSearchParams();
    if (selected.edge !== null) state.set("edge", selected.edge);
    if (selected.node !== null) state.set("node", selected.node);
    if (selected.route !== null) state.set("route", selected.route);
    const off = [...document.querySelectorAll(".sign:not(:checked)")].map((box) => box.value).join(",");
    if (off) state.set("without", off);
    ["category", "species"].forEach((id) => { if ($(id).value) state.set(id, $(id).value); });
    if (Number($("papers").value)) state.set("papers", $("papers").value);
    if ($("contradicted").checked) state.set("contradicted", "1");
    try { history.replaceState(null, "", "#" + state.toString()); } catch (error) { /* sandboxed frames refuse */ }
  }

  function recall(hash) {
    const state = new URLSearchParams(hash.slice(1));
    const off = (state.get("without") || "").split(",");
    document.querySelectorAll(".sign").forEach((box) => { box.checked = !off.includes(box.value); });
    ["category", "species"].forEach((id) => {
      const value = state.get(id) || "";
      $(id).value = [...$(id).options].some((option) => option.value === value) ? value : "";
    });
    $("papers").value = Math.max(0, Math.min(99, Number(state.get("papers")) || 0));
    $("contradicted").checked = state.get("contradicted") === "1";
    const chosen = { edge: state.get("edge"), node: state.get("node"), route: Number(state.get("route")) || null };
    clear();
    filter();
    if (edgeById.has(chosen.edge)) showEdge(chosen.edge);
    else if (byId.has(chosen.node)) showNode(chosen.node);
    else if (data.routes.some((route) => route.rank === chosen.route)) showRoute(chosen.route);
  }

  function theme(on) {
    dark = on;
    document.documentElement.dataset.theme = on ? "dark" : "light";
    $("theme").setAttribute("aria-pressed", String(on));
    legend();
    paint();
  }

  function legend() {
    const mark = { arrow: "M2,8 h14 M12,3 l8,5 l-8,5 z", bar: "M2,8 h17 M19,2 v12", diamond: "M2,8 h8 M10,8 l5,-5 l5,5 l-5,5 z", circle: "M2,8 h11 M13,8 a3.5,3.5 0 1,0 7,0 a3.5,3.5 0 1,0 -7,0" };
    const item = (text, path, ink, paintFill) => {
      const line = element("li"), picture = document.createElementNS("http://www.w3.org/2000/svg", "svg"), shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
      picture.setAttribute("width", "24"); picture.setAttribute("height", "16"); picture.setAttribute("aria-hidden", "true");
      shape.setAttribute("d", path); shape.setAttribute("stroke", ink); shape.setAttribute("fill", paintFill); shape.setAttribute("stroke-width", "2");
      picture.append(shape);
      line.append(picture, text);
      return line;
    };
    const used = new Set(data.nodes.map((node) => node.layer));
    $("legend").replaceChildren(
      ...Object.values(SIGNS).map((sign) => item(sign.name, mark[sign.head], colour(sign.word), sign.head === "bar" ? "none" : colour(sign.word))),
      ...data.layers.flatMap((label, layer) => used.has(layer) ? [item(label, "M2,3 h20 v10 h-20 z", colour("soft"), (dark ? DARK : LIGHT)[layer % LIGHT.length])] : []),
      element("li", "line width: number of papers"));
  }

  options("category", [...new Set(data.nodes.map((node) => node.category))].sort());
  options("species", [...new Set(data.edges.flatMap((edge) => edge.species))].sort());
  data.nodes.forEach((node) => { const option = element("option"); option.value = node.name; $("names").append(option); });
  routeList();
  network.on("click", (event) => {
    if (event.nodes.length) showNode(event.nodes[0]);
    else if (event.edges.length) showEdge(event.edges[0]);
    else clear();
  });
  $("search").addEventListener("change", () => find($("search").value));
  $("search").addEventListener("keydown", (event) => { if (event.key === "Enter") find($("search").value); });
  document.querySelectorAll(".sign, #category, #species, #papers, #contradicted").forEach((box) => box.addEventListener("input", filter));
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); $("search").focus(); }
    if (event.key === "Escape") { clear(); say("Selection cleared."); }
  });
  $("fit").addEventListener("click", () => fit(true));
  $("reset").addEventListener("click", () => { recall(""); fit(true); });
  $("png").addEventListener("click", savePng);
  $("svg").addEventListener("click", saveSvg);
  $("theme").addEventListener("click", () => theme(!dark));
  $("twin").addEventListener("toggle", () => { if ($("twin").open) table(); });
  $("csv").addEventListener("click", () => {
    const text = csv();
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => say("Copied."), () => save(fileName + ".csv", new Blob([text], { type: "text/csv" })));
    else save(fileName + ".csv", new Blob([text], { type: "text/csv" }));
  });
  window.addEventListener("resize", () => fit(false));
  window.addEventListener("hashchange", () => recall(location.hash));
  const start = location.hash;
  theme(window.matchMedia("(prefers-color-scheme: dark)").matches);
  recall(start);
  fit(false);
  window.kgView = {
    network: network,
    selectEdge: showEdge,
    visibleEdges: () => [...visible],
    edgePoint: (id) => {
      const edge = edgeById.get(id), a = byId.get(edge.from), b = byId.get(edge.to);
      const point = network.canvasToDOM({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }), box = $("graph").getBoundingClientRect();
      return { x: point.x + box.left, y: point.y + box.top };
    },
    svg: () => svg().text,
    csv: csv,
  };
})();

"use strict";
// Draws the graph: vis-network gives the camera and the boxes, the lines run as kg/layout.py routed them.
(function () {
  const view = window.kgView, { data, byId, SIGNS, still, $, colour } = view;
  const FACE = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
  const width = (edge) => 1.3 + 0.9 * Math.sqrt(Math.min(edge.primary, 12));
  const dash = (edge) => (view.struck(edge) ? [3, 4] : edge.sign === 2 ? [8, 4] : edge.sign === 0 ? [2, 4] : []);
  const ink = (edge) => (view.struck(edge) ? "lost" : SIGNS[edge.sign].word);
  const coarse = window.matchMedia("(pointer: coarse)").matches;  // a finger
  let palette = {};

  data.edges.forEach((edge) => {  // a curve, a straight part in its lane, a curve, as Path.d in kg/layout.py has it
    let [x, y] = edge.path, d = `M${x},${y}`;
    for (let i = 2; i < edge.path.length; i += 2) {
      const [x2, y2] = [edge.path[i], edge.path[i + 1]], half = edge.bulge ? x + edge.bulge : (x + x2) / 2;
      d += i % 4 === 2 ? `C${half},${y} ${half},${y2} ${x2},${y2}` : `L${x2},${y2}`;
      [x, y] = [x2, y2];
    }
    edge.d = d;
    edge.end = [x + 8 * edge.facing, y];
  });

  // the head of a line: its outline, and whether it is filled or stroked
  function head(edge) {
    const [x, y] = edge.end, f = edge.facing;
    if (edge.sign === 1) return `M${x - f},${y}l${-9 * f},-5v10z`;
    if (edge.sign === -1) return `M${x - 4 * f},${y - 5}h${2.4 * f}v10h${-2.4 * f}z`;
    if (edge.sign === 2) return `M${x - f},${y}l${-6 * f},-5l${-6 * f},5l${6 * f},5z`;
    return `M${x - 8 * f},${y}a3.4,3.4 0 1,0 ${6.8 * f},0a3.4,3.4 0 1,0 ${-6.8 * f},0z`;
  }
  const neck = (edge) => (edge.sign === -1 ? `M${edge.end[0] - 8 * edge.facing},${edge.end[1]}h${4 * edge.facing}` : "");
  const cross = (edge) => { const line = points(edge), [x, y] = line[Math.floor(line.length / 2)]; return `M${x - 5},${y - 5}l10,10M${x + 5},${y - 5}l-10,10`; };
  const shapes = new Map(data.edges.map((edge) => [edge.id, { line: new Path2D(edge.d + neck(edge)), head: new Path2D(head(edge)) }]));
  const polyline = new Map();
  function points(edge) {  // what a line runs through, for clicks
    if (!polyline.has(edge.id)) {
      const found = [];
      let here = [0, 0];
      for (const [, kind, text] of edge.d.matchAll(/([MLC])([^MLC]*)/g)) {
        const n = text.split(/[ ,]/).map(Number);
        if (kind === "C") {
          for (let i = 1; i <= 12; i += 1) {
            const t = i / 12, u = 1 - t;
            found.push([0, 1].map((k) => u * u * u * here[k] + 3 * u * u * t * n[k] + 3 * u * t * t * n[2 + k] + t * t * t * n[4 + k]));
          }
          here = [n[4], n[5]];
        } else { here = [n[0], n[1]]; found.push(here); }
      }
      found.push(edge.end);
      polyline.set(edge.id, found);
    }
    return polyline.get(edge.id);
  }
  function distance(edge, x, y) {
    let least = Infinity;
    const line = points(edge);
    for (let i = 1; i < line.length; i += 1) {
      const [ax, ay] = line[i - 1], dx = line[i][0] - ax, dy = line[i][1] - ay, size = dx * dx + dy * dy;
      const t = size ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / size)) : 0;
      least = Math.min(least, Math.hypot(x - ax - t * dx, y - ay - t * dy));
    }
    return least;
  }
  function edgeAt(x, y) {
    const reach = (coarse ? 14 : 9) / Math.min(1, network.getScale());
    let best = null, least = reach;
    data.edges.forEach((edge) => {
      if (!view.visible.has(edge.id)) return;
      const far = distance(edge, x, y);
      if (far < least) { least = far; best = edge; }
    });
    return best;
  }

  // --- painting --------------------------------------------------------------------------------------------------------
  const half = (column) => column.label.length * 4.8, centre = (column) => (column.left + column.right) / 2;
  const box = {
    left: Math.min(data.frame[0], ...data.columns.map((c) => centre(c) - half(c))) - 10,
    right: Math.max(data.frame[2], ...data.columns.map((c) => centre(c) + half(c))) + 10,
    top: data.frame[1] - 34,
    bottom: data.frame[3] + 10,
  };
  let near = new Set(), on = () => true;
  function node(context, each) {
    const dim = !near.has(each.id), blocked = view.blocked.has(each.id), strong = view.selected.node === each.id || (view.selected.trace || []).includes(each.id);
    const left = each.x - each.w / 2, top = each.y - each.h / 2;
    context.save();
    context.globalAlpha = dim ? 0.3 : 1;
    context.beginPath();
    context.roundRect(left, top, each.w, each.h, 5);
    context.fillStyle = view.fill(each);
    context.fill();
    if (each.side) {
      context.save();
      context.clip();
      context.fillStyle = palette.fg;
      if (each.side !== "right") context.fillRect(left, top, 5, each.h);
      if (each.side !== "left") context.fillRect(left + each.w - 5, top, 5, each.h);
      context.restore();
    }
    context.lineWidth = strong ? 3 : blocked ? 2 : 1;
    context.strokeStyle = strong ? palette.accent : blocked ? palette.lost : palette.soft;
    context.stroke();
    if (blocked) {
      context.beginPath();
      context.moveTo(left + 3, top + 3); context.lineTo(left + each.w - 3, top + each.h - 3);
      context.moveTo(left + 3, top + each.h - 3); context.lineTo(left + each.w - 3, top + 3);
      context.strokeStyle = palette.lost;
      context.lineWidth = 1.4;
      context.stroke();
    }
    context.fillStyle = palette.fg;
    context.font = (strong ? "600 " : "") + "14px " + FACE;
    context.textAlign = "center";
    context.textBaseline = "middle";
    each.lines.forEach((line, i) => context.fillText(line, each.x, each.y + 1 + (i - (each.lines.length - 1) / 2) * 17, each.w - 10));
    context.restore();
  }
  const nodes = new vis.DataSet(data.nodes.map((each) => ({
    id: each.id, x: each.x, y: each.y, shape: "custom",
    ctxRenderer: ({ ctx }) => ({ drawNode: () => node(ctx, each), nodeDimensions: { width: each.w, height: each.h } }),
  })));
  const network = new vis.Network($("graph"), { nodes: nodes, edges: [] }, {
    physics: false,
    layout: { improvedLayout: false },
    interaction: { hover: false, keyboard: false, dragNodes: false, multiselect: false, selectConnectedEdges: false, tooltipDelay: 1e6 },
    nodes: { chosen: false },
  });
  network.on("beforeDrawing", (context) => {
    context.font = "600 14px " + FACE;
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    data.columns.forEach((column) => {
      context.fillStyle = palette.lane;
      context.fillRect(column.left - 10, box.top + 24, column.right - column.left + 20, box.bottom - box.top - 24);
      context.fillStyle = palette.soft;
      context.fillText(column.label, (column.left + column.right) / 2, box.top + 14);
    });
    const seen = data.edges.filter((edge) => view.visible.has(edge.id));
    [false, true].forEach((high) => seen.forEach((edge) => {
      if (on(edge) !== high) return;
      const shape = shapes.get(edge.id), strong = view.selected.edge === edge.id;
      context.globalAlpha = high ? (view.struck(edge) ? 0.75 : 1) : 0.13;
      context.strokeStyle = context.fillStyle = palette[ink(edge)];
      context.lineWidth = view.struck(edge) ? 1.2 : width(edge) + (strong ? 2.5 : 0);
      context.setLineDash(dash(edge));
      context.stroke(shape.line);
      context.setLineDash([]);
      context.fill(shape.head);
      if (view.struck(edge)) { context.lineWidth = 2; context.stroke(new Path2D(cross(edge))); }
    }));
    context.globalAlpha = 1;
  });

  function paint() {
    palette = Object.fromEntries(["fg", "soft", "lane", "accent", "raises", "lowers", "both", "none", "lost"].map((name) => [name, colour(name)]));
    on = view.lit();
    near = new Set();
    const chosen = view.selected;
    data.edges.forEach((edge) => { if (view.visible.has(edge.id) && on(edge)) { near.add(edge.from); near.add(edge.to); } });
    if (chosen.node !== null) near.add(chosen.node);
    (chosen.trace || []).forEach((id) => near.add(id));
    network.redraw();
  }

  // --- camera ----------------------------------------------------------------------------------------------------------
  function move(position, scale, animated) {
    network.moveTo({ position: position, scale: scale, animation: animated && !still ? { duration: 220, easingFunction: "easeInOutQuad" } : false });
  }
  function whole() {
    const frame = $("graph").getBoundingClientRect();
    return Math.min(1.3, frame.width / (box.right - box.left), frame.height / (box.bottom - box.top));
  }
  function fit(animated) {  // within another page at the top: there is more to read below
    const scale = whole(), high = $("graph").getBoundingClientRect().height / scale, framed = document.body.classList.contains("framed");
    move({ x: (box.left + box.right) / 2, y: framed ? box.top + high / 2 : (box.top + box.bottom) / 2 }, scale, animated);
  }
  function open() {  // in a narrow window the whole would be too small to read: begin at the left
    const frame = $("graph").getBoundingClientRect(), scale = whole();
    if (scale * 14 >= (document.body.classList.contains("framed") ? 5 : 8)) { fit(false); return; }
    const readable = 11 / 14, degree = (n) => data.edges.reduce((sum, edge) => sum + (edge.from === n.id) + (edge.to === n.id), 0);
    const ranked = data.nodes.map((n) => [degree(n), n]), most = Math.max(...ranked.map(([count]) => count));
    const hub = ranked.filter(([count]) => count >= 0.6 * most).map(([, n]) => n).reduce((a, b) => (b.x < a.x ? b : a));
    const high = frame.height / readable / 2, first = box.top + high;  // with the headings, where that shows the hub too
    move({ x: Math.max(box.left + frame.width / readable / 2, hub.x), y: hub.y < first + high / 2 ? first : hub.y }, readable, false);
    $("keys").textContent = "This is a part: drag to see more, Fit shows all. Tap a line for its papers, a box for its claims.";
  }
  const zoom = (factor) => move(network.getViewPosition(), Math.max(0.1, Math.min(4, network.getScale() * factor)), true);
  function focus(id) { if (whole() < network.getScale() * 0.98) move({ x: byId.get(id).x, y: byId.get(id).y }, network.getScale(), true); }
  function reveal() {  // what is chosen and lies outside comes in, its left end first
    const { node: chosen, edge } = view.selected, ends = edge ? [view.edgeById.get(edge).from, view.edgeById.get(edge).to] : chosen ? [chosen] : [...near];
    const spots = ends.map((id) => byId.get(id)), frame = $("graph").getBoundingClientRect(), scale = network.getScale();
    if (!spots.length) return;
    const left = Math.min(...spots.map((n) => n.x - n.w / 2)), right = Math.max(...spots.map((n) => n.x + n.w / 2));
    const top = Math.min(...spots.map((n) => n.y - n.h / 2)), bottom = Math.max(...spots.map((n) => n.y + n.h / 2));
    const here = network.getViewPosition(), wide = frame.width / scale / 2, high = frame.height / scale / 2;
    if (left >= here.x - wide && right <= here.x + wide && top >= here.y - high && bottom <= here.y + high) return;
    if (edge && left < here.x + wide && right > here.x - wide && right - left > 2 * wide) return;  // longer than the window, and in it
    move({ x: right - left > 2 * wide ? left + wide - 8 / scale : (left + right) / 2, y: (top + bottom) / 2 }, scale, true);
  }

  network.on("click", ({ pointer }) => {
    const { x, y } = pointer.canvas;
    const hit = data.nodes.find((n) => Math.abs(x - n.x) <= n.w / 2 && Math.abs(y - n.y) <= n.h / 2);
    const edge = hit ? null : edgeAt(x, y);
    if (hit) view.showNode(hit.id); else if (edge) view.showEdge(edge.id); else view.clear();
  });
  let waiting = false;
  $("graph").addEventListener("mousemove", (event) => {
    if (waiting || event.buttons || data.edges.length > 1500) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      const frame = $("graph").getBoundingClientRect(), { x, y } = network.DOMtoCanvas({ x: event.clientX - frame.left, y: event.clientY - frame.top });
      const hit = data.nodes.find((n) => Math.abs(x - n.x) <= n.w / 2 && Math.abs(y - n.y) <= n.h / 2), edge = hit ? null : edgeAt(x, y);
      $("graph").style.cursor = hit || edge ? "pointer" : "";
      $("graph").title = edge ? edge.claims.map(view.sentence).join("; ") : "";
    });
  });
  $("graph").addEventListener("keydown", (event) => {
    const here = byId.get(view.selected.node), step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step) {
      event.preventDefault();
      const away = (n) => (here ? [(n.x - here.x) * step[0] + (n.y - here.y) * step[1], Math.abs((n.x - here.x) * step[1]) * 4 + Math.abs((n.y - here.y) * step[0]) * 0.6] : [1, n.x]);
      const able = data.nodes.filter((n) => n !== here && (!here || away(n)[0] > 1) && (!here || !step[0] || Math.abs(n.x - here.x) > 1) && (!here || !step[1] || Math.abs(n.x - here.x) < 1));
      const next = able.sort((a, b) => away(a)[0] + away(a)[1] - away(b)[0] - away(b)[1])[0];
      if (next) { view.showNode(next.id); view.say(next.name); focus(next.id); }
    } else if (event.key === "Enter" && here) {
      const first = document.querySelector("#details .route");
      if (first) first.focus();
    } else if (event.key === "+") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") fit(true);
  });
  let last = window.innerWidth;
  window.addEventListener("resize", () => { if (window.innerWidth !== last) { last = window.innerWidth; setTimeout(open, 50); } });

  // --- export ----------------------------------------------------------------------------------------------------------
  function svg() {
    const make = view.make, parts = [], lit = view.lit();
    data.columns.forEach((column) => parts.push(
      make("rect", { x: column.left - 10, y: box.top + 24, width: column.right - column.left + 20, height: box.bottom - box.top - 24, fill: colour("lane") }),
      make("text", { x: (column.left + column.right) / 2, y: box.top + 14, "text-anchor": "middle", "font-size": 14, "font-weight": 600, fill: colour("soft") }, column.label)));
    data.edges.filter((edge) => view.visible.has(edge.id)).forEach((edge) => {
      const tone = colour(ink(edge)), group = make("g", { stroke: tone, fill: "none", opacity: lit(edge) ? 1 : 0.13 });
      group.append(make("title", {}, byId.get(edge.from).name + " " + SIGNS[edge.sign].word + " " + byId.get(edge.to).name + ", " + edge.papers + " papers"),
        make("path", { d: edge.d + neck(edge), "stroke-width": view.struck(edge) ? 1.2 : width(edge).toFixed(2), "stroke-dasharray": dash(edge).join(" ") || "none" }),
        make("path", { d: head(edge), fill: tone, stroke: "none" }));
      if (view.struck(edge)) group.append(make("path", { d: cross(edge), "stroke-width": 2 }));
      parts.push(group);
    });
    data.nodes.forEach((each) => {
      const x = each.x - each.w / 2, y = each.y - each.h / 2, blocked = view.blocked.has(each.id);
      parts.push(make("rect", { x: x, y: y, width: each.w, height: each.h, rx: 5, fill: view.fill(each), stroke: colour(blocked ? "lost" : "soft") }));
      if (each.side && each.side !== "right") parts.push(make("rect", { x: x, y: y, width: 5, height: each.h, fill: colour("fg") }));
      if (each.side && each.side !== "left") parts.push(make("rect", { x: x + each.w - 5, y: y, width: 5, height: each.h, fill: colour("fg") }));
      if (blocked) parts.push(make("path", { d: `M${x + 3},${y + 3}l${each.w - 6},${each.h - 6}M${x + 3},${y + each.h - 3}l${each.w - 6},${6 - each.h}`, stroke: colour("lost"), "stroke-width": 1.4 }));
      each.lines.forEach((line, i) => parts.push(make("text", { x: each.x, y: each.y + 5 + (i - (each.lines.length - 1) / 2) * 17, "text-anchor": "middle", "font-size": 14, fill: colour("fg") }, line)));
    });
    return { box: [box.left, box.top, box.right, box.bottom], parts: parts };
  }
  function legend() {
    const used = new Set(data.nodes.map((each) => each.layer)), cut = data.block || view.blocked.size;
    return [...["1", "-1", "2", "0"].map((sign) => [SIGNS[sign].head, colour(SIGNS[sign].word), SIGNS[sign].name]),
      ["wide", colour("soft"), "width: number of primary papers"],
      ...(data.sides.length ? [["left", colour("fg"), "on routes to " + data.sides[0]], ["right", colour("fg"), "on routes to " + data.sides[1]]] : []),
      ...(cut ? [["struck", colour("lost"), "lost by the blockade"], ["blocked", colour("lost"), "blocked"]] : []),
      ...data.layers.flatMap((label, layer) => (used.has(layer) ? [[view.fill({ layer: layer }), colour("soft"), label]] : []))];
  }

  view.drawing = { paint, fit, focus, reveal, refit: () => setTimeout(open, 50), svg, legend, closer: () => zoom(1.3), farther: () => zoom(1 / 1.3) };
  view.network = network;
  view.width = width;
  view.head = (id) => SIGNS[view.edgeById.get(id).sign].head;
  view.edgePoint = (id) => {  // where on the screen a line runs farthest from all others
    const edge = view.edgeById.get(id), others = data.edges.filter((each) => each !== edge && view.visible.has(each.id));
    const frame = $("graph").getBoundingClientRect();
    let best = null, most = -1;
    const line = points(edge), tried = line.flatMap((p, i) => (i ? [0.25, 0.5, 0.75, 1].map((t) => [line[i - 1][0] + (p[0] - line[i - 1][0]) * t, line[i - 1][1] + (p[1] - line[i - 1][1]) * t]) : []));
    tried.forEach(([x, y]) => {
      if (data.nodes.some((n) => Math.abs(x - n.x) <= n.w / 2 + 1 && Math.abs(y - n.y) <= n.h / 2 + 1)) return;
      const free = Math.min(20, ...others.map((each) => distance(each, x, y)));
      if (free > most) { most = free; best = network.canvasToDOM({ x: x, y: y }); }
    });
    return { x: best.x + frame.left, y: best.y + frame.top };
  };
  view.nodePoint = (id) => {
    const each = byId.get(id), frame = $("graph").getBoundingClientRect(), at = network.canvasToDOM({ x: each.x, y: each.y });
    return { x: at.x + frame.left, y: at.y + frame.top };
  };
  view.start();
  open();
  network.redraw();
})();

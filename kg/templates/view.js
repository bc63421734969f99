"use strict";
// The page around a picture: data, filters, evidence panel, table, exports, deep links. What draws it (graph.js or
// chart.js) registers itself as `kgView.drawing` and calls `kgView.start()`.
(function () {
  const $ = (id) => document.getElementById(id);
  const data = unpacked(JSON.parse($("data").textContent));
  const byId = new Map(data.nodes.map((node) => [node.id, node]));
  const edgeById = new Map(data.edges.map((edge) => [edge.id, edge]));
  const routeByRank = new Map(data.routes.map((route) => [route.rank, route]));
  const edgeOfClaim = new Map(data.edges.flatMap((edge) => edge.claims.map((id) => [id, edge])));
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const word = (number) => data.words[number];
  // one row of evidence, as the payload holds it
  const TEXT = 0, PAPER = 1, AGAINST = 2, SPECIES = 3, SYSTEM = 4, READ = 5, CONTEXT = 6, SOURCE = 7, MODE = 8, DISEASE = 9, WITHIN = 10;
  const SIGNS = {
    1: { word: "raises", name: "raises", head: "arrow", mark: "+" },
    "-1": { word: "lowers", name: "lowers", head: "bar", mark: "\u2212" },
    2: { word: "both", name: "raises and lowers: papers disagree or contexts differ", head: "diamond", mark: "\u00b1" },
    0: { word: "none", name: "unsigned", head: "circle", mark: "\u00b7" },
  };
  const VERBS = { positively_regulates: "raises", negatively_regulates: "lowers", has_function_defect: "fails in",
    has_increased: "has more", has_decreased: "has less" };
  const SELECTS = ["group", "category", "species", "system", "source", "mode"];
  const LIGHT = ["#e8e2f3", "#cfe5f7", "#fdeac2", "#d5efdc", "#eceff2", "#f8d9d6"];
  const DARK = ["#40345c", "#1f4565", "#5a4413", "#1f4d31", "#363e47", "#642a26"];
  const upright = window.matchMedia("(max-width: 900px) and (orientation: portrait)");  // there the evidence is a sheet at the foot
  const view = { data, byId, edgeById, SIGNS, still, $, element, colour, fill, lit, struck, gone, say, routeOn,
    visible: new Set(data.edges.map((edge) => edge.id)), dark: false,
    selected: nothing(), blocked: new Set(data.blocked), fixed: true, path: null };
  window.kgView = view;

  // what kg/packing.py packed, in full again; plain data are left as they are
  function unpacked(given) {
    if (!given.packed) return given;
    const { words, nodes, prefixes, hidden, chart } = given, claims = {}, at = (ref) => (typeof ref === "number" ? nodes[ref][0] : ref);
    const label = (pair) => pair[pair.length - 1];
    let number = 0;
    const address = (curie, kept) => {
      const colon = curie.indexOf(":"), scheme = colon < 0 ? curie : curie.slice(0, colon);
      if (kept) return kept === 1 ? "" : kept;
      return (Object.hasOwn(prefixes, scheme) ? prefixes[scheme] : "") + (colon < 0 ? "" : curie.slice(colon + 1));
    };
    const edges = given.edges.map(([from, to, sign, papers, primary, contradicted, routes, said, steps, left, bulge]) => {
      const edge = { id: at(from) + "|" + at(to), from: at(from), to: at(to), sign, papers, primary, contradicted: Boolean(contradicted), routes };
      edge.claims = said.map(([p, s, a, c, ...e]) => {
        claims[number] = { f: edge.from, t: edge.to, p: words[p], s, a: words[a], c: words[c], e };
        number += 1;
        return String(number - 1);
      });
      if (!steps) return edge;
      const path = [];
      steps.forEach((step, i) => path.push(i < 2 ? step : Math.round((path[i - 2] + step) * 10) / 10));
      return Object.assign(edge, { path, facing: left ? -1 : 1, bulge: bulge || 0 });
    });
    const cells = ([row, column, tone, mark, text, own, human, system]) => {
      const names = { "\u0001": label(chart.rows[row]), "\u0002": label(chart.columns[column]) };
      return { row: chart.rows[row][0], column: chart.columns[column][0], tone, mark, text: words[text].replace(/[\u0001\u0002]/g, (sign) => names[sign]),
        claims: own.map(String), system: system ? words[system] : "", human: Boolean(human) };
    };
    const pairs = (list) => list.map((pair) => [pair[0], label(pair)]);
    return Object.assign({}, given, {
      edges, claims, blocked: given.blocked.map(at), hidden_nodes: hidden[0], hidden_edges: hidden[1],
      columns: given.columns.map(([left, right, name]) => ({ left, right, label: name })),
      nodes: nodes.map(([id, name, category, layer, synonyms, curie, side, x, y, w, h, ...lines]) => Object.assign(
        { id, curie: curie || id, name, category: words[category], layer, synonyms, side: side || "" },
        x === undefined ? {} : { x, y, w, h, lines: lines.length ? lines : [name] })),
      rows: given.rows.map(([text, paper, fact, context, against]) => {
        const [kind, system, read, ...rest] = given.facts[fact];
        return [text, paper, against || 0, kind, system, read, context, ...rest];
      }),
      papers: given.papers.map(([curie, citation, review, kept]) => [curie, citation, address(curie, kept), review ? 0 : 1]),
      routes: given.routes.map(([rank, name, sign, weight, steps, chains, group, verb, note, lost]) => ({ rank, label: name, sign, weight, verb: words[verb],
        text: steps.map((parts) => parts.map((part) => words[part]).join("; ")), chains: chains.map((chain) => chain.map(at)), group: words[group], note, lost: Boolean(lost) })),
      chart: chart && Object.assign({}, chart, { rows: pairs(chart.rows), columns: pairs(chart.columns), cells: chart.cells.map(cells),
        bars: chart.bars.map(([node, value, text]) => ({ node: at(node), value, text })) }),
    });
  }
  function nothing() { return { edge: null, node: null, route: null, cell: null, from: null, trace: null }; }
  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }
  function fill(node) { return (view.dark ? DARK : LIGHT)[node.layer % LIGHT.length]; }
  const words = (text) => text.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  const plural = (number, name) => number + " " + name + (number === 1 ? "" : "s");

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }
  function pressable(text, action, className) {
    const made = element("button", text, className);
    made.type = "button";
    made.addEventListener("click", action);
    return made;
  }
  function say(text) { $("status").textContent = text; }

  // --- evidence and filters --------------------------------------------------------------------------------------------
  const species = (row) => word(row[SPECIES]).split(/; |>/).filter(Boolean);
  const tissues = (row) => [word(row[SOURCE])].concat(word(row[WITHIN]).split("; ")).filter(Boolean);
  const rowsOf = (edge) => edge.claims.flatMap((id) => data.claims[id].e.map((number) => data.rows[number]));
  const chosen = () => Object.fromEntries(SELECTS.map((id) => [id, $(id).value]));

  function fits(row, want) {
    return (!want.species || want.species.startsWith("only ") || species(row).includes(want.species))
      && (!want.system || word(row[SYSTEM]) === want.system)
      && (!want.source || tissues(row).includes(want.source))
      && (!want.mode || word(row[MODE]) === want.mode);
  }
  function only(rows, taxon) {
    return rows.length > 0 && rows.every((row) => { const found = species(row); return found.length > 0 && found.every((each) => each === taxon); });
  }
  function passes(edge, want, signs, papers, contradicted) {
    if (!signs.has(edge.sign) || (contradicted && !edge.contradicted)) return false;
    if (want.category && byId.get(edge.from).category !== want.category && byId.get(edge.to).category !== want.category) return false;
    if (want.group && !edge.routes.some((rank) => routeByRank.get(rank).group === want.group)) return false;
    if (want.species || want.system || want.source || want.mode || papers) {
      const rows = rowsOf(edge);
      if (want.species.startsWith("only ") && !only(rows, want.species.slice(5))) return false;
      const kept = rows.filter((row) => fits(row, want));
      if ((want.species || want.system || want.source || want.mode) && !kept.length) return false;
      if (new Set(kept.filter((row) => !row[AGAINST]).map((row) => row[PAPER])).size < papers) return false;
    }
    return true;
  }
  function filter() {
    const signs = new Set([...document.querySelectorAll(".sign:checked")].map((box) => Number(box.value)));
    const want = chosen(), papers = Number($("papers").value) || 0, contradicted = $("contradicted").checked;
    view.visible = new Set(data.edges.filter((edge) => passes(edge, want, signs, papers, contradicted)).map((edge) => edge.id));
    if (view.selected.trace) view.path = paths(...view.selected.trace);
    again();
    paint();
  }
  function unfold(open) {
    $("filters").hidden = !open;
    $("filtering").setAttribute("aria-expanded", String(open));
  }
  function options(id, values) {
    values.forEach((value) => { const option = element("option", value); option.value = value; $(id).append(option); });
    $(id).closest("label").hidden = !values.length;
  }

  // --- what is lit, struck out, gone -----------------------------------------------------------------------------------
  function gone(route) {
    if (view.fixed && route.lost) return true;
    return view.blocked.size > 0 && route.chains.length > 0 && route.chains.every((chain) => chain.some((id) => view.blocked.has(id)));
  }
  let cut = new Set();  // edges that a blockade strikes out
  function sever() {
    cut = new Set();
    if (!view.blocked.size && !(view.fixed && data.block)) return;
    const lost = new Set(data.routes.filter(gone).map((route) => route.rank));
    data.edges.forEach((edge) => {
      if (view.blocked.has(edge.from) || view.blocked.has(edge.to) || (edge.routes.length && edge.routes.every((rank) => lost.has(rank)))) cut.add(edge.id);
    });
    if (data.routes.length) return;
    const into = new Map();
    data.edges.forEach((edge) => into.set(edge.to, (into.get(edge.to) || []).concat(edge)));
    for (let changed = true; changed;) {  // what nothing reaches any more acts on nothing either
      changed = false;
      data.edges.forEach((edge) => {
        const before = into.get(edge.from);
        if (!cut.has(edge.id) && before && before.every((each) => cut.has(each.id))) { cut.add(edge.id); changed = true; }
      });
    }
  }
  function struck(edge) { return cut.has(edge.id); }
  function routeOn(edge) { return edge.routes.includes(view.selected.route); }
  function lit() {
    const { route, node, edge, cell, trace } = view.selected;
    if (trace) { const on = new Set(view.path.paths.flat()); return (each) => on.has(each.id); }
    if (route !== null) return routeOn;
    if (node !== null) return (each) => each.from === node || each.to === node;
    if (edge !== null) return (each) => each.id === edge;
    if (cell !== null) return () => true;
    const group = $("group").value;
    return group ? (each) => each.routes.some((rank) => routeByRank.get(rank).group === group) : () => true;
  }

  function paint() {
    sever();
    view.drawing.paint();
    const used = new Set();
    data.edges.forEach((edge) => { if (view.visible.has(edge.id)) { used.add(edge.from); used.add(edge.to); } });
    let text = view.visible.size + " of " + data.edges.length + " edges, " + used.size + " of " + data.nodes.length + " nodes";
    if (view.drawing.count) text = view.drawing.count();
    if (cut.size) text += "; " + cut.size + " struck out";
    if (data.hidden_edges) text += "; " + plural(data.hidden_edges, "more claim") + (data.hidden_edges === 1 ? " is" : " are") + " not in this picture";
    if (data.hidden_nodes) text += "; " + data.hidden_nodes + " more things are not";
    $("count").textContent = text;
    const active = SELECTS.filter((id) => $(id).value).length + document.querySelectorAll(".sign:not(:checked)").length
      + (Number($("papers").value) ? 1 : 0) + ($("contradicted").checked ? 1 : 0);
    $("filtering").textContent = active ? "Filters (" + active + " on)" : "Filters";
    document.querySelectorAll("#routes .route").forEach((button) => {
      const route = routeByRank.get(Number(button.dataset.rank));
      button.setAttribute("aria-pressed", String(route.rank === view.selected.route));
      button.classList.toggle("gone", gone(route));
      button.querySelector(".lost").textContent = gone(route) ? " (lost)" : "";
      button.hidden = Boolean($("group").value) && route.group !== $("group").value;
    });
    document.querySelectorAll("#routes h2").forEach((head) => { head.hidden = Boolean($("group").value) && head.dataset.group !== $("group").value; });
    blockList();
    remember();
    if ($("twin").open) table();
  }

  // --- panel ---------------------------------------------------------------------------------------------------------
  function sentence(id) {
    const claim = data.claims[id], target = byId.get(claim.t).name;
    const verb = VERBS[claim.p] || claim.p.replace(/_/g, " ");
    const what = VERBS[claim.p] && claim.a ? claim.a + " of " + target : target;
    const lead = !VERBS[claim.p] && claim.a && claim.a !== "secretion" && claim.a !== "expression" ? " (" + claim.a + ")" : "";
    return byId.get(claim.f).name + lead + " " + verb + " " + what + (claim.c ? " in " + claim.c : "");
  }
  function evidence(row) {
    const box = element("div", undefined, "evidence " + (row[AGAINST] ? "refutes" : "supports"));
    box.append(element("p", (row[AGAINST] ? "Against: " : "") + row[TEXT]));
    const facts = [word(row[SYSTEM]), word(row[SPECIES]), word(row[SOURCE]) && word(row[SOURCE]) + " MSC", word(row[MODE]),
      word(row[DISEASE]), word(row[READ]) === "title" ? "title only" : "", word(row[CONTEXT])];
    box.append(element("p", facts.filter(Boolean).join(", "), "facts"));
    const [curie, citation, address, primary] = data.papers[row[PAPER]];
    const line = element("p", undefined, "facts");
    if (address) {
      const anchor = element("a", citation);
      anchor.href = address;
      anchor.rel = "noopener noreferrer";
      anchor.target = "_blank";
      line.append(anchor, citation === curie ? "" : " (" + curie + ")");
    } else line.append(citation);
    if (!primary) line.append(" [review]");
    box.append(line);
    return box;
  }
  let everything = false;  // rows that do not fit the filters are shown too
  function claims(ids, details, system) {
    const want = Object.assign(chosen(), system ? { system: system } : {});
    let left = 0;
    ids.forEach((id) => {
      const rows = data.claims[id].e.map((number) => data.rows[number]);
      const kept = everything ? rows : rows.filter((row) => fits(row, want));
      left += rows.length - kept.length;
      if (!kept.length && rows.length) return;
      details.append(element("h3", sentence(id)));
      if (!rows.length) details.append(element("p", "by the classes of the ontology", "facts"));
      kept.forEach((row) => details.append(evidence(row)));
    });
    if (left) {
      const line = element("p", plural(left, "row") + " of evidence " + (left === 1 ? "does" : "do") + " not fit the filters. ", "facts");
      line.append(pressable("Show all", () => { everything = true; again(); }));
      details.append(line);
    }
  }
  function select(change, build) {
    const { from } = view.selected;
    view.selected = Object.assign(nothing(), change);
    if (from !== null && change.node === undefined) view.selected.from = null;
    const details = $("details");
    details.replaceChildren();
    build(details);
    if (Object.keys(change).length) document.body.dataset.chosen = "1"; else delete document.body.dataset.chosen;
    paint();
    $("panel").scrollTop = 0;
    if (!upright.matches || !Object.keys(change).length) return;
    $("stage").scrollIntoView();
    if (view.drawing.reveal) view.drawing.reveal();
  }
  function showEdge(id) {
    const edge = edgeById.get(id);
    if (!edge) return;
    say("");
    select({ edge: id }, (details) => {
      details.append(element("h2", byId.get(edge.from).name + " \u2192 " + byId.get(edge.to).name));
      const reviews = edge.papers - edge.primary;
      details.append(element("p", SIGNS[edge.sign].name + "; " + plural(edge.papers, "paper") + (reviews ? ", of them " + plural(reviews, "review") : "")
        + (edge.contradicted ? "; contradicted" : "") + (struck(edge) ? "; struck out by the blockade" : "")));
      claims(edge.claims, details);
    });
  }
  function showNode(id) {
    const node = byId.get(id);
    if (!node) return;
    if (view.selected.from !== null && view.selected.from !== id) { showTrace(view.selected.from, id); return; }
    select({ node: id }, (details) => {
      details.append(element("h2", node.name), element("p", words(node.category) + ", " + node.curie));
      if (node.synonyms.length) details.append(element("p", "also: " + node.synonyms.join(", "), "facts"));
      if (!data.chart) {
        const tools = element("div", undefined, "row");
        tools.append(pressable("Trace from here", () => traceFrom(id)),
          pressable(view.blocked.has(id) ? "Unblock" : "Block", () => block(id)));
        details.append(tools);
      }
      const around = data.edges.filter((edge) => edge.from === id || edge.to === id);
      const seen = around.filter((edge) => view.visible.has(edge.id));
      if (seen.length < around.length) details.append(element("p", seen.length + " of " + around.length + " edges fit the filters", "facts"));
      edgeList(details, seen, Infinity);
    });
  }
  function edgeList(details, edges, most) {
    const list = element("ul");
    edges.slice().sort((a, b) => b.papers - a.papers || (a.id < b.id ? -1 : 1)).slice(0, most).forEach((edge) => {
      const item = element("li"), button = pressable(undefined, () => showEdge(edge.id), "route");
      button.append(element("span", SIGNS[edge.sign].mark + " ", "mark " + SIGNS[edge.sign].word));
      button.append(element("span", byId.get(edge.from).name + " \u2192 " + byId.get(edge.to).name), " (" + plural(edge.papers, "paper") + ")");
      button.classList.toggle("gone", struck(edge));
      item.append(button);
      list.append(item);
    });
    details.append(list);
    if (edges.length > most) details.append(element("p", most + " of " + edges.length + "; the table below has all", "facts"));
  }
  function showRoute(rank) {
    const route = routeByRank.get(rank);
    if (!route) return;
    say("");
    select({ route: rank }, (details) => {
      details.append(element("h2", "Route " + rank + ": " + route.label));
      if (route.note) details.append(element("p", route.note));
      route.text.forEach((line) => details.append(element("p", line)));
      data.edges.filter((edge) => edge.routes.includes(rank)).forEach((edge) =>
        claims(edge.claims, details));
    });
  }
  function showCell(number) {
    const cell = data.chart && data.chart.cells[number];
    if (!cell) return;
    say("");
    select({ cell: number }, (details) => {
      const label = (pairs, key) => (pairs.find((pair) => pair[0] === key) || ["", key])[1];
      details.append(element("h2", label(data.chart.rows, cell.row) + " \u00d7 " + label(data.chart.columns, cell.column)), element("p", cell.text));
      claims(cell.claims, details, cell.system);
    });
  }
  function clear() {
    everything = false;
    select({}, (details) => {
      const text = data.chart ? (data.chart.bars.length ? "Click a bar for the claims behind it." : "Click a field for its papers.") : "Click an edge for its papers, a thing for its claims" + (data.routes.length ? ", a route to follow it." : ".");
      details.append(element("p", data.edges.length || data.chart ? text : "Nothing to show."));
      data.notes.forEach((note) => details.append(element("p", note)));
      if (data.routes.length || data.chart || !data.edges.length) return;
      details.append(element("h2", "Best supported lines"));
      edgeList(details, data.edges.filter((edge) => view.visible.has(edge.id)), 20);
    });
  }
  function again() {
    const { edge, node, route, cell, trace } = view.selected;
    if (edge !== null) showEdge(edge);
    else if (route !== null) showRoute(route);
    else if (cell !== null) showCell(cell);
    else if (trace !== null) showTrace(...trace);
    else if (node !== null && view.selected.from === null) showNode(node);
  }
  function routeList() {
    if (!data.routes.length) return;
    let group = null;
    data.routes.forEach((route) => {
      if (group === null || route.group !== group) {
        group = route.group;
        const head = element("h2", (data.groups.find((each) => each[0] === group) || ["", "Routes, strongest first"])[1]);
        head.dataset.group = group;
        $("routes").append(head);
      }
      const button = pressable(undefined, () => (view.selected.route === route.rank ? clear() : showRoute(route.rank)), "route");
      button.dataset.rank = route.rank;
      button.append(element("span", SIGNS[route.sign].mark + " ", "mark " + SIGNS[route.sign].word));
      button.append(element("span", route.rank + ". " + route.label), element("span", "", "lost"));
      button.append(element("small", route.note || ((route.verb || SIGNS[route.sign].name + " the target") + ", weight " + route.weight.toFixed(3))));
      $("routes").append(button);
    });
  }

  // --- trace and block by clicking ---------------------------------------------------------------------------------------
  const LONGEST = 6, MOST = 2000;  // steps of a path, and paths that are listed
  function paths(start, end) {
    const out = new Map();
    data.edges.forEach((edge) => { if (view.visible.has(edge.id) && !struck(edge)) out.set(edge.from, (out.get(edge.from) || []).concat(edge)); });
    const found = [], walked = [], passed = new Set([start]);
    let more = false;
    (function walk(here) {
      if (found.length >= MOST) { more = true; return; }
      (out.get(here) || []).forEach((edge) => {
        if (passed.has(edge.to)) return;
        walked.push(edge);
        if (edge.to === end) found.push(walked.slice());
        else if (walked.length < LONGEST) { passed.add(edge.to); walk(edge.to); passed.delete(edge.to); }
        walked.pop();
      });
    })(start);
    const least = (path) => Math.min(...path.map((edge) => edge.papers));
    found.sort((a, b) => a.length - b.length || least(b) - least(a) || (a.map((e) => e.id).join() < b.map((e) => e.id).join() ? -1 : 1));
    return { paths: found.slice(0, MOST).map((path) => path.map((edge) => edge.id)), more: more };
  }
  function traceFrom(id) {
    view.selected.from = id;
    say("Trace from " + byId.get(id).name + ": now choose where to, by a click or by name.");
  }
  function showTrace(start, end) {
    if (!byId.has(start) || !byId.has(end)) return;
    view.path = paths(start, end);
    const names = byId.get(start).name + " \u2192 " + byId.get(end).name;
    select({ trace: [start, end] }, (details) => {
      details.append(element("h2", "Trace: " + names));
      const { paths: found, more } = view.path;
      details.append(element("p", found.length ? (more ? "More than " : "") + plural(found.length, "path") + " of up to " + LONGEST + " steps in this picture, shortest and best supported first"
        : byId.get(end).name + " is unreachable from " + byId.get(start).name + " here in " + LONGEST + " steps."));
      say(found.length ? plural(found.length, "path") + "." : "Unreachable.");
      const list = element("ol");
      found.slice(0, 50).forEach((path) => {
        const item = element("li"), steps = path.map((id) => edgeById.get(id));
        const sign = steps.reduce((product, edge) => product * (edge.sign === 2 ? 0 : edge.sign), 1);
        const text = [byId.get(start).name].concat(steps.map((edge) => SIGNS[edge.sign].mark + "\u2192 " + byId.get(edge.to).name)).join(" ");
        const button = pressable(undefined, () => { view.path = { paths: [path], more: false }; view.drawing.paint(); }, "route");
        button.append(element("span", SIGNS[sign].mark + " ", "mark " + SIGNS[sign].word), text);
        item.append(button);
        list.append(item);
      });
      details.append(list);
      if (found.length > 50) details.append(element("p", "50 of " + found.length + " are listed, all are lit", "facts"));
    });
  }
  function block(id) {
    if (view.blocked.has(id)) view.blocked.delete(id); else view.blocked.add(id);
    sever();
    const lost = data.routes.filter(gone).length;
    const left = data.routes.length ? (data.routes.length - lost) + " of " + data.routes.length + " routes are left" : plural(cut.size, "edge") + " of " + data.edges.length + " struck out";
    again();
    say(byId.get(id).name + (view.blocked.has(id) ? " blocked: " : " unblocked: ") + left + ".");
  }
  function blockList() {
    const box = $("blocks"), lost = data.routes.filter(gone).length;
    legend();
    box.replaceChildren();
    if (!view.blocked.size && !(view.fixed && data.block)) return;
    box.append(element("h2", "Blocked: " + (view.fixed && data.block ? data.block : [...view.blocked].map((id) => byId.get(id).name).join(", "))));
    if (data.routes.length) box.append(element("p", lost + " of " + data.routes.length + " routes here are lost, " + (data.routes.length - lost) + " are left."));
    box.append(pressable("Unblock all", () => { view.blocked.clear(); view.fixed = false; again(); paint(); say("Nothing is blocked."); }));
  }

  // --- search ----------------------------------------------------------------------------------------------------------
  function find(text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return;
    const labels = (node) => [node.name, node.id, node.curie].concat(node.synonyms).map((label) => label.toLowerCase());
    const hit = data.nodes.find((node) => labels(node).includes(wanted))
      || data.nodes.find((node) => labels(node).some((label) => label.startsWith(wanted)))
      || data.nodes.find((node) => labels(node).some((label) => label.includes(wanted)));
    if (!hit) { say("Nothing here is called \u201c" + text.trim() + "\u201d."); return; }
    const tracing = view.selected.from !== null;
    showNode(hit.id);
    if (!tracing) say("Found " + hit.name + ".");
    view.drawing.focus(hit.id);
  }

  // --- table twin ----------------------------------------------------------------------------------------------------
  const HEADS = ["from", "sign", "to", "claims", "papers", "species", "contradicted"];
  let sorting = { column: 0, down: false };
  const cells = (edge) => [byId.get(edge.from).name, SIGNS[edge.sign].word === "none" ? "unsigned" : SIGNS[edge.sign].word,
    byId.get(edge.to).name, edge.claims.map(sentence).join("; "), edge.papers,
    [...new Set(rowsOf(edge).flatMap(species))].sort().join(", "), edge.contradicted ? "yes" : "no"];
  const rows = () => data.edges.filter((edge) => view.visible.has(edge.id)).map((edge) => ({ id: edge.id, cells: cells(edge) }))
    .sort((a, b) => {
      const [x, y] = [a.cells[sorting.column], b.cells[sorting.column]];
      const order = typeof x === "number" ? x - y : x < y ? -1 : x > y ? 1 : 0;
      return (sorting.down ? -order : order) || (a.id < b.id ? -1 : 1);
    });
  function table() {
    const head = document.querySelector("#twin thead tr"), body = document.querySelector("#twin tbody");
    head.replaceChildren(...HEADS.map((name, column) => {
      const cell = element("th");
      cell.scope = "col";
      cell.setAttribute("aria-sort", sorting.column === column ? (sorting.down ? "descending" : "ascending") : "none");
      cell.append(pressable(name, () => {
        sorting = { column: column, down: sorting.column === column && !sorting.down };
        table();
        document.querySelectorAll("#twin th button")[column].focus();
      }));
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
    document.querySelector("#twin caption").textContent = view.visible.size + " of " + data.edges.length + " edges";
  }
  const csv = () => [HEADS].concat(rows().map((row) => row.cells))
    .map((line) => line.map((cell) => '"' + String(cell).replace(/"/g, '""') + '"').join(",")).join("\r\n") + "\r\n";

  // --- export ----------------------------------------------------------------------------------------------------------
  const SPACE = "http://www.w3.org/2000/svg";
  view.make = (tag, attributes, text) => {
    const made = document.createElementNS(SPACE, tag);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const LETTER = 6.6;
  function wrapped(text, width, size) {
    const most = Math.max(12, Math.floor(width / (LETTER * size / 13))), found = [""];
    text.split(" ").forEach((each) => {
      const last = found[found.length - 1];
      if (last && last.length + 1 + each.length > most) found.push(each); else found[found.length - 1] = (last + " " + each).trim();
    });
    return found;
  }
  function svg() {
    const make = view.make, pad = 28, inner = view.drawing.svg(), [left, top, right, bottom] = inner.box, wide = Math.max(640, right - left);
    const head = [], foot = [];
    wrapped(data.title, wide, 20).forEach((line) => head.push([line, 20, 700, "fg"]));
    wrapped(data.subtitle, wide, 13).forEach((line) => head.push([line, 13, 400, "soft"]));
    if (data.block && view.fixed) head.push(["Blocked: " + data.block, 13, 600, "lost"]);
    let y = 0;
    const texts = head.map(([line, size, weight, ink]) => { y += size * 1.35; return make("text", { x: left, y: y, "font-size": size, "font-weight": weight, fill: colour(ink) }, line); });
    const high = y + 16, shift = top - high;
    texts.forEach((text) => text.setAttribute("y", Number(text.getAttribute("y")) + shift));
    let x = left;
    y = bottom + 30;
    const legend = view.drawing.legend().map(([mark, ink, name]) => {
      const width = 26 + name.length * LETTER;
      if (x > left && x + width > left + wide) { x = left; y += 20; }
      const group = make("g", { transform: "translate(" + x + "," + (y - 12) + ")" });
      group.append(view.swatch(mark, ink), make("text", { x: 28, y: 12, "font-size": 12, fill: colour("fg") }, name));
      x += width + 18;
      return group;
    });
    const last = ["mscim, data " + data.data_version, data.command, $("count").textContent].join("; ");
    wrapped(last, wide, 11).forEach((line) => { y += 18; foot.push(make("text", { x: left, y: y, "font-size": 11, fill: colour("soft") }, line)); });
    const all = [left - pad, shift - 8, wide + 2 * pad, y + 18 - shift + 8];
    const box = make("svg", { viewBox: all.join(" "), width: all[2], height: all[3], "font-family": "Arial, Helvetica, sans-serif", role: "img" });
    box.append(make("title", {}, data.title), make("desc", {}, data.subtitle + " " + $("count").textContent),
      make("rect", { x: all[0], y: all[1], width: all[2], height: all[3], fill: colour("bg") }), ...texts, ...inner.parts, ...legend, ...foot);
    return box;
  }
  view.swatch = (mark, ink) => {
    const shape = view.make("g", { stroke: ink, fill: "none", "stroke-width": 2 });
    const draw = (d, attributes) => shape.append(view.make("path", Object.assign({ d: d }, attributes)));
    if (mark === "arrow") { draw("M2,8h12"); draw("M22,8l-9,-5v10z", { fill: ink, "stroke-width": 1 }); }
    else if (mark === "bar") { draw("M2,8h17"); draw("M20,2v12", { "stroke-width": 3 }); }
    else if (mark === "diamond") { draw("M2,8h8", { "stroke-dasharray": "4 3" }); draw("M10,8l6,-5l6,5l-6,5z", { fill: ink, "stroke-width": 1 }); }
    else if (mark === "circle") { draw("M2,8h11", { "stroke-dasharray": "2 3" }); draw("M14,8a4,4 0 1,0 8,0a4,4 0 1,0 -8,0", { fill: ink, "stroke-width": 1 }); }
    else if (mark === "struck") { draw("M2,8h20", { "stroke-dasharray": "3 3", "stroke-width": 1.4 }); draw("M8,4l8,8M16,4l-8,8"); }
    else if (mark === "blocked") { draw("M2,3h20v10h-20z"); draw("M2,3l20,10M2,13l20,-10", { "stroke-width": 1.4 }); }
    else if (mark === "left" || mark === "right") { draw("M2,3h20v10h-20z", { "stroke-width": 1 }); draw(mark === "left" ? "M2,3h5v10h-5z" : "M17,3h5v10h-5z", { fill: ink, "stroke-width": 1 }); }
    else if (mark === "wide") { draw("M2,5h20", { "stroke-width": 1.3 }); draw("M2,11h20", { "stroke-width": 4 }); }
    else draw("M2,3h20v10h-20z", { fill: mark, stroke: ink, "stroke-width": 1 });
    return shape;
  };
  const written = (box) => '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(box);
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
  function saveSvg() { save(fileName + ".svg", new Blob([written(svg())], { type: "image/svg+xml" })); say("SVG saved."); }
  function savePng() {
    const box = svg(), wide = Number(box.getAttribute("width")), high = Number(box.getAttribute("height")), picture = new Image();
    picture.onload = () => {
      const canvas = element("canvas"), scale = Math.min(3, 16000 / Math.max(wide, high));
      canvas.width = Math.round(wide * scale);
      canvas.height = Math.round(high * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => { save(fileName + ".png", blob); say("PNG saved."); }, "image/png");
    };
    picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(written(box));
  }
  function onPaper() {
    const root = document.documentElement, before = root.dataset.theme, dark = view.dark;
    root.dataset.theme = "light";
    view.dark = false;
    $("paper").replaceChildren(svg());
    view.dark = dark;
    if (before) root.dataset.theme = before;
  }

  // --- deep links, theme, start ----------------------------------------------------------------------------------------
  function remember() {
    const state = new URLSearchParams(), { edge, node, route, cell, trace } = view.selected;
    if (edge !== null) state.set("edge", edge);
    if (node !== null) state.set("node", node);
    if (route !== null) state.set("route", route);
    if (cell !== null) state.set("cell", cell);
    if (trace !== null) { state.set("from", trace[0]); state.set("to", trace[1]); }
    const blocked = [...view.blocked];
    if (blocked.join() !== data.blocked.join() || (data.block && !view.fixed)) state.set("block", blocked.join(","));
    const off = [...document.querySelectorAll(".sign:not(:checked)")].map((box) => box.value).join(",");
    if (off) state.set("without", off);
    SELECTS.forEach((id) => { if ($(id).value) state.set(id, $(id).value); });
    if (Number($("papers").value)) state.set("papers", $("papers").value);
    if ($("contradicted").checked) state.set("contradicted", "1");
    const hash = "#" + state.toString();
    if (hash === location.hash || (hash === "#" && !location.hash)) return;
    try { history.replaceState(null, "", hash); } catch (error) { /* sandboxed frames refuse */ }
  }
  function recall(hash) {
    const state = new URLSearchParams(hash.slice(1)), off = (state.get("without") || "").split(",");
    document.querySelectorAll(".sign").forEach((box) => { box.checked = !off.includes(box.value); });
    SELECTS.forEach((id) => {
      const value = state.get(id) || "";
      $(id).value = [...$(id).options].some((option) => option.value === value) ? value : "";
    });
    $("papers").value = Math.max(0, Math.min(99, Math.trunc(Number(state.get("papers"))) || 0));
    $("contradicted").checked = state.get("contradicted") === "1";
    view.fixed = !state.has("block");
    view.blocked = new Set(state.has("block") ? state.get("block").split(",").filter((id) => byId.has(id)) : data.blocked);
    const whole = (name) => (/^\d{1,6}$/.test(state.get(name) || "") ? Number(state.get(name)) : -1);
    const wanted = { edge: state.get("edge"), node: state.get("node"), route: whole("route"), cell: whole("cell"), from: state.get("from"), to: state.get("to") };
    if (document.querySelectorAll(".sign:not(:checked)").length || SELECTS.some((id) => $(id).value) || Number($("papers").value) || $("contradicted").checked) unfold(true);
    view.selected = nothing();
    say("");
    filter();
    clear();
    if (edgeById.has(wanted.edge)) showEdge(wanted.edge);
    else if (byId.has(wanted.node)) showNode(wanted.node);
    else if (routeByRank.has(wanted.route)) showRoute(wanted.route);
    else if (data.chart && data.chart.cells[wanted.cell]) showCell(wanted.cell);
    else if (byId.has(wanted.from) && byId.has(wanted.to)) showTrace(wanted.from, wanted.to);
  }
  function theme(on) {
    view.dark = on;
    document.documentElement.dataset.theme = on ? "dark" : "light";
    $("theme").setAttribute("aria-pressed", String(on));
    legend();
    view.drawing.paint();
  }
  function legend() {
    $("legend").replaceChildren(...view.drawing.legend().map(([mark, ink, name]) => {
      const line = element("li"), picture = view.make("svg", { width: 24, height: 16, "aria-hidden": "true" });
      picture.append(view.swatch(mark, ink));
      line.append(picture, name);
      return line;
    }));
  }

  view.start = () => {
    const all = (column) => [...new Set(data.rows.map((row) => word(row[column])))].filter(Boolean).sort();
    const taxa = [...new Set(data.rows.flatMap(species))].sort();
    options("category", [...new Set(data.nodes.map((node) => node.category))].sort());
    options("species", taxa.concat(taxa.length > 1 ? taxa.map((taxon) => "only " + taxon) : []));
    options("system", all(SYSTEM));
    options("source", [...new Set(data.rows.flatMap(tissues))].sort());
    options("mode", all(MODE));
    data.groups.forEach(([key, name]) => { const option = element("option", name); option.value = key; $("group").append(option); });
    $("grouping").hidden = !data.groups.length;
    data.nodes.forEach((node) => { const option = element("option"); option.value = node.name; $("names").append(option); });
    routeList();
    $("search").addEventListener("keydown", (event) => { if (event.key === "Enter") find($("search").value); });
    $("search").addEventListener("input", (event) => {  // a name taken from the list of suggestions
      if ((!event.inputType || event.inputType === "insertReplacementText") && data.nodes.some((node) => node.name === $("search").value)) find($("search").value);
    });
    document.querySelectorAll(".sign, #contradicted, #papers, #filters select").forEach((box) => box.addEventListener("input", () => { everything = false; filter(); }));
    document.addEventListener("keydown", (event) => {
      if (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName) && event.key !== "Escape") return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/") { event.preventDefault(); $("search").focus(); $("search").select(); }
      else if (event.key === "Escape") { clear(); say("Selection cleared."); }
      else if (event.key === "b" && view.selected.node !== null && !data.chart) block(view.selected.node);
      else if (event.key === "t" && view.selected.node !== null && !data.chart) traceFrom(view.selected.node);
    });
    ["fit", "closer", "farther"].forEach((id) => {
      $(id).hidden = !view.drawing[id];
      $(id).addEventListener("click", () => view.drawing[id](true));
    });
    $("reset").addEventListener("click", () => { recall(""); if (view.drawing.fit) view.drawing.fit(true); });
    $("png").addEventListener("click", savePng);
    $("svg").addEventListener("click", saveSvg);
    $("print").addEventListener("click", () => window.print());
    if ($("down")) $("down").addEventListener("click", () => { $("panel").scrollIntoView(); $("panel").focus({ preventScroll: true }); });
    if ($("shut")) $("shut").addEventListener("click", () => { clear(); say("Selection cleared."); (document.querySelector("#graph button[tabindex='0'], #graph .bars button") || $("graph")).focus({ preventScroll: true }); });
    $("theme").addEventListener("click", () => theme(!view.dark));
    $("twin").addEventListener("toggle", () => { if ($("twin").open) table(); });
    $("csv").addEventListener("click", () => {
      const text = csv();
      if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => say("Copied."), () => save(fileName + ".csv", new Blob([text], { type: "text/csv" })));
      else save(fileName + ".csv", new Blob([text], { type: "text/csv" }));
    });
    window.addEventListener("hashchange", () => recall(location.hash));
    window.addEventListener("beforeprint", onPaper);
    unfold(window.innerWidth > 900);
    $("filtering").addEventListener("click", () => { unfold($("filters").hidden); if (view.drawing.refit) view.drawing.refit(); });
    const start = location.hash;
    view.dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = view.dark ? "dark" : "light";
    $("theme").setAttribute("aria-pressed", String(view.dark));
    legend();
    recall(start);
    if (view.drawing.fit) view.drawing.fit(false);
  };
  Object.assign(view, { showEdge, showNode, showRoute, showCell, showTrace, block, clear, find, sentence, edgeOfClaim,
    visibleEdges: () => [...view.visible], struckEdges: () => [...cut], svg: () => written(svg()), csv: csv, onPaper: onPaper });
})();

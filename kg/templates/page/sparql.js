"use strict";
// The SPARQL page: an editor (Yasqe) in the place of the text field, completion from this server's own words, examples,
// and answers as a table with links to entities. Without this file the form and the examples work as they are.
(function () {
  const known = JSON.parse(document.getElementById("known").textContent);
  const field = document.getElementById("query"), form = document.getElementById("ask"), found = document.getElementById("found");
  const said = document.getElementById("said"), wrong = document.getElementById("wrong"), stop = document.getElementById("stop");
  const SHOWN = 1000; // rows in the table; the download has all
  const spaces = Object.entries(known.prefixes).sort((a, b) => b[1].length - a[1].length);
  const LOCAL = /^[A-Za-z0-9_]([\w.-]*[\w-])?$/;

  function curie(iri) {
    const hit = spaces.find(([, space]) => iri.startsWith(space) && iri.length > space.length);
    return hit ? hit[0] + ":" + iri.slice(hit[1].length) : "";
  }
  function written(iri) { // an IRI as a query takes it
    const short = curie(iri);
    return short && LOCAL.test(short.slice(short.indexOf(":") + 1)) ? short : "<" + iri + ">";
  }
  function element(name, text, more) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    return Object.assign(made, more);
  }

  // --- completion ---------------------------------------------------------------------------------------------------
  const Editor = Yasqe.default || Yasqe.Yasqe || Yasqe;
  function terms(list) { // those whose name or label begins with, or holds, what is typed
    return (editor, token) => {
      const raw = token.string.trim().replace(/^</, "").toLowerCase(), text = raw.slice(raw.indexOf(":") + 1);
      const prefix = raw.includes(":") && !raw.includes("/") ? raw.slice(0, raw.indexOf(":") + 1) : "";
      return list
        .map(([iri, label]) => [written(iri), label.toLowerCase()])
        .filter(([name, label]) => name.toLowerCase().startsWith(prefix) && (!text || name.toLowerCase().includes(text) || label.includes(text)))
        .map(([name]) => name).slice(0, 100);
    };
  }
  const whole = { bulk: false, autoShow: false, persistenceId: null, preProcessToken: (editor, token) => token, postProcessSuggestion: (editor, token, text) => text };
  Editor.forkAutocompleter("class", { ...whole, name: "own-classes", get: terms(known.classes) }, false);
  Editor.forkAutocompleter("property", { ...whole, name: "own-properties", get: terms(known.properties) }, false);
  let names = new Map();
  Editor.registerAutocompleter({
    ...whole,
    name: "own-entities",
    isValidCompletionPosition: (editor) => /^[A-Za-z][\w-]*$/.test(editor.getCompleteToken().string.trim()),
    get: async (editor, token) => {
      const answer = await fetch("/api/search?count=20&text=" + encodeURIComponent(token.string.trim()));
      if (!answer.ok) return [];
      names = new Map();
      for (const row of (await answer.json()).rows) {
        const at = row.curie.indexOf(":"), space = known.prefixes[row.curie.slice(0, at)];
        if (space !== undefined) names.set(written(space + row.curie.slice(at + 1)), row.name + " (" + row.category + ")");
      }
      return [...names.keys()];
    },
    postprocessHints: (editor, hints) => hints.map((hint) => ({ ...hint, displayText: names.get(hint.text) + "  " + hint.text })),
  }, false);

  // --- the editor ---------------------------------------------------------------------------------------------------
  const place = element("div");
  field.before(place);
  const editor = new Editor(place, {
    value: field.value, persistenceId: null, consumeShareLink: null, createShareableLink: null, createShortLink: undefined, prefixCcApi: null,
    showQueryButton: false, resizeable: false, autofocus: false, screenReaderLabel: "Query", editorHeight: "auto",
    autocompleters: ["variables", "own-classes", "own-properties", "own-entities"],
    requestConfig: { endpoint: location.origin + "/sparql" },
  });
  window.kgEditor = editor;
  field.hidden = true;
  field.required = false;
  document.querySelector("label[for=query]").addEventListener("click", () => editor.focus());
  document.getElementById("keys").hidden = false;
  editor.setOption("extraKeys", { ...editor.getOption("extraKeys"), Tab: false, "Shift-Tab": false, "Ctrl-Enter": () => run(), "Cmd-Enter": () => run() });
  function put(text) {
    editor.setValue(text);
    editor.focus();
  }

  // --- asking -------------------------------------------------------------------------------------------------------
  let going = null;
  async function send(query, accept, signal) {
    const head = { Accept: accept, "Content-Type": "application/sparql-query" };
    const answer = await fetch("/sparql", { method: "POST", body: query, headers: head, signal });
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({ detail: answer.statusText }));
    throw Object.assign(new Error(problem.detail), problem);
  }
  function cell(term) {
    const td = element("td");
    if (!term) return td;
    if (term.type !== "uri") td.append(term.value);
    else {
      const short = curie(term.value), link = element("a", short || term.value);
      if (short) link.href = "/entity/" + encodeURI(short);
      else if (/^https?:/.test(term.value)) Object.assign(link, { href: term.value, rel: "noopener noreferrer" });
      td.append(link);
    }
    return td;
  }
  function table(columns, rows) {
    const made = element("table", undefined, { className: "table" }), head = element("tr"), body = element("tbody");
    head.append(...columns.map((name) => element("th", name, { scope: "col" })));
    body.append(...rows.slice(0, SHOWN).map((row) => {
      const tr = element("tr");
      tr.append(...columns.map((name) => cell(row[name])));
      return tr;
    }));
    const thead = element("thead");
    thead.append(head);
    made.append(thead, body);
    const scroll = element("div", undefined, { className: "scroll", tabIndex: 0 });
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Rows");
    scroll.append(made);
    return scroll;
  }
  function download(query) {
    const button = element("button", "CSV", { type: "button", className: "small" });
    button.addEventListener("click", async () => {
      try {
        const link = element("a", "", { href: URL.createObjectURL(await (await send(query, "text/csv")).blob()), download: "answer.csv" });
        link.click();
        URL.revokeObjectURL(link.href);
      } catch (error) { fault(error); }
    });
    return button;
  }
  function fault(error) {
    wrong.textContent = error.message;
    wrong.hidden = false;
    said.textContent = "";
    if (error.line) editor.getDoc().setCursor({ line: error.line - 1, ch: error.column - 1 });
  }
  async function run() {
    if (going) going.abort();
    const mine = going = new AbortController(), query = editor.getValue(), began = performance.now();
    found.replaceChildren();
    wrong.hidden = true;
    said.textContent = "Asking ...";
    stop.hidden = false;
    history.replaceState(null, "", "/sparql#query=" + encodeURIComponent(query));
    try {
      const answer = await send(query, "application/sparql-results+json, text/turtle;q=0.9", mine.signal);
      const type = answer.headers.get("Content-Type"), seconds = () => ((performance.now() - began) / 1000).toFixed(2) + " s";
      if (type.startsWith("text/turtle")) {
        const text = await answer.text();
        said.textContent = "RDF as Turtle, " + seconds();
        found.append(element("pre", text.slice(0, 500000), { tabIndex: 0 }));
        if (text.length > 500000) said.textContent += ", the first 500,000 characters";
        return;
      }
      const told = await answer.json();
      if (told.boolean !== undefined) {
        said.textContent = "The answer is " + (told.boolean ? "yes" : "no") + " (" + told.boolean + "), " + seconds();
        return;
      }
      const rows = told.results.bindings, count = rows.length.toLocaleString("en");
      said.textContent = count + (rows.length === 1 ? " row, " : " rows, ") + seconds() + (rows.length > SHOWN ? ", the first 1,000 are shown" : "");
      found.append(download(query), table(told.head.vars, rows));
    } catch (error) {
      if (error.name !== "AbortError") fault(error);
      else if (going === mine) said.textContent = "Stopped";
    } finally {
      if (going === mine) { going = null; stop.hidden = true; }
    }
  }
  stop.addEventListener("click", () => going && going.abort());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    run();
  });
  document.querySelector(".examples").addEventListener("click", (event) => {
    const link = event.target.closest("a[data-query]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    put(new URL(link.href).searchParams.get("query"));
    run();
  });
  function fromAddress() {
    const text = new URLSearchParams(location.hash.slice(1)).get("query");
    if (text && text !== editor.getValue()) {
      put(text);
      run();
    }
  }
  window.addEventListener("hashchange", fromAddress);
  fromAddress();
}());

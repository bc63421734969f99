"use strict";
// What pages do beyond links and forms: names are completed, and a question is asked again in place. Without this
// file everything works as plain pages.
(function () {
  const WAIT = 90; // ms of no typing before names are looked up

  // --- names: an ARIA combobox on each input[data-names] ------------------------------------------------------------
  let count = 0;
  function combobox(input) {
    if (input.getAttribute("role") === "combobox" || input.dataset.names === "paper") return;
    const list = document.createElement("ul");
    count += 1;
    list.id = "names-" + count;
    list.className = "names";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Names");
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);
    input.after(list);
    let timer = 0, asked = null, at = -1;

    function close() {
      clearTimeout(timer);
      if (asked) asked.abort();
      list.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }
    function mark(number) {
      const options = [...list.children];
      at = options.length ? (number + options.length) % options.length : -1;
      options.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
      if (at < 0) return;
      input.setAttribute("aria-activedescendant", options[at].id);
      options[at].scrollIntoView({ block: "nearest" });
    }
    function take(option) {
      input.value = option.dataset.name;
      close();
      if (input.dataset.names === "go") location.assign("/entity/" + encodeURI(option.dataset.curie));
      else input.dispatchEvent(new Event("change", { bubbles: true }));
    }
    function show(rows) {
      list.replaceChildren(...rows.map((row, index) => {
        const option = document.createElement("li"), small = document.createElement("small");
        option.id = list.id + "-" + index;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.name = row.name;
        option.dataset.curie = row.curie;
        small.className = "soft";
        small.textContent = [row.matched && row.matched !== row.curie ? "also " + row.matched : "", row.category, row.claims + " claims"].filter(Boolean).join(", ");
        option.append(row.name, small);
        return option;
      }));
      at = -1;
      input.removeAttribute("aria-activedescendant");
      list.hidden = !rows.length;
      input.setAttribute("aria-expanded", String(!list.hidden));
    }
    async function look() {
      const text = input.value.trim();
      if (asked) asked.abort();
      if (!text) { close(); return; }
      asked = new AbortController();
      try {
        const answer = await fetch("/api/search?count=10&text=" + encodeURIComponent(text), { signal: asked.signal });
        if (answer.ok && document.activeElement === input) show((await answer.json()).rows);
      } catch (error) { /* the next key asks again */ }
    }
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, WAIT); });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) look(); else mark(event.key === "ArrowDown" ? at + 1 : at < 0 ? -1 : at - 1);
      } else if (event.key === "Enter" && !list.hidden && at >= 0) {
        event.preventDefault();
        take(list.children[at]);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      }
    });
    input.addEventListener("blur", close);
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => { const option = event.target.closest("li"); if (option) take(option); });
  }
  const dress = (root) => root.querySelectorAll("input[data-names]").forEach(combobox);

  // --- questions asked again in place -------------------------------------------------------------------------------
  let going = null, here = location.pathname + location.search;
  function address(form) {
    const given = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (String(value).trim()) given.append(name, value);
    return form.getAttribute("action") + "?" + given;
  }
  async function load(url, push) {
    if (going) going.abort();
    const mine = going = new AbortController(), answer = document.getElementById("answer");
    if (!answer) { location.assign(url); return; }
    answer.setAttribute("aria-busy", "true");
    try {
      const found = await fetch(url, { signal: mine.signal, headers: { Accept: "text/html" } });
      const made = new DOMParser().parseFromString(await found.text(), "text/html"), next = made.getElementById("answer");
      if (!next) { location.assign(url); return; } // a page that says what is wrong
      answer.replaceWith(document.adoptNode(next));
      const kept = document.getElementById("kept"), then = made.getElementById("kept");
      if (kept && then) kept.replaceWith(document.adoptNode(then));
      document.title = made.title;
      if (push) history.pushState(null, "", url);
      here = location.pathname + location.search;
      const blocking = document.getElementById("block"), offered = made.getElementById("block");
      if (blocking && offered) blocking.replaceChildren(...document.adoptNode(offered).childNodes);
      const said = document.querySelector("[data-said]") || document.querySelector("#left + p") || document.querySelector(".verdict");
      document.getElementById("said").textContent = said ? said.textContent.replace(/\s+/g, " ").trim() : "";
      if (document.activeElement === document.body) (document.getElementById("left") || document.getElementById("title")).focus();
    } catch (error) {
      if (error.name !== "AbortError") location.assign(url);
    } finally {
      if (going === mine) { going = null; document.getElementById("answer").removeAttribute("aria-busy"); }
    }
  }
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-live]");
    if (event.target.matches("[data-still]")) return; // a list in which letters look for a name waits for its button
    if (form && form.checkValidity()) load(address(form), true);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form");
    if (form.method !== "get" || !form.getAttribute("action").startsWith("/")) return;
    event.preventDefault();
    if (form.matches("[data-live]") && document.getElementById("answer")) load(address(form), true);
    else location.assign(address(form)); // what is empty stays out of the address
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-live]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    load(link.href, true);
  });
  window.addEventListener("popstate", () => { if (here !== location.pathname + location.search) location.reload(); });
  dress(document);
  const context = document.querySelector("details.context");
  if (context && matchMedia("(max-width: 640px)").matches) context.open = false; // the answer comes first on a phone
}());

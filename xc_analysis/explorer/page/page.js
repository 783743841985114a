// The page's script: it keeps the panel's state in the address and says how wide the screen is.
// It computes nothing; every number and word comes from the kernel.
"use strict";
(function () {
  // the token has become a cookie: an address that is copied or printed does not carry it
  const first = new URLSearchParams(location.search);
  first.delete("token");
  let query = first.toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  let narrow = false, lastTold = null;

  function ask(text) {
    const input = document.querySelector(".xc-asked input");
    if (!input) return;
    input.value = `${narrow ? "narrow" : "wide"}|${text}`;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function take() {
    const told = document.querySelector(".xc-address [data-query]");
    if (!told || told === lastTold || !document.querySelector(".xc-title h2")) return;
    const isFirst = lastTold === null;
    lastTold = told;
    document.documentElement.lang = told.dataset.lang === "zh" ? "zh-CN" : "en";
    document.title = told.dataset.title;
    const now = told.dataset.query;
    if (now !== query) {
      const url = now ? `?${now}` : location.pathname;
      if (isFirst) history.replaceState(null, "", url); else history.pushState(null, "", url);
      query = now;
    }
    if (isFirst) {
      document.getElementById("loading")?.remove();
      for (const part of ["answer", "problems"]) {
        document.querySelector(`.xc-${part}`)?.setAttribute("aria-live", "polite");
      }
      resized();
    }
  }
  // fields are drawn one after the other: each gets its line of help as a description
  function describe() {
    document.querySelectorAll(".xc-field:not([data-described])").forEach((field) => {
      const help = field.querySelector(".widget-html"), input = field.querySelector("select, input");
      if (!help || !input) return;
      help.id ||= `xc-help-${document.querySelectorAll("[data-described]").length}`;
      input.setAttribute("aria-describedby", help.id);
      field.dataset.described = "";
    });
  }
  function resized() {
    const now = document.documentElement.clientWidth < 640;
    if (now === narrow || lastTold === null) return;
    narrow = now;
    ask(query);
  }
  new MutationObserver(() => { take(); describe(); }).observe(document.documentElement, { childList: true, subtree: true });
  window.addEventListener("resize", resized);
  window.addEventListener("popstate", () => {
    query = location.search.replace(/^\?/, "");
    ask(query);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-query]");
    if (!link) return;
    event.preventDefault();
    ask(link.dataset.query);
  });
  // whoever leaves takes the process along; whoever comes back by the browser's cache starts anew
  window.leaveWith = (base, kernel) => {
    window.addEventListener("pagehide", () => {
      navigator.sendBeacon(`${base}voila/api/shutdown/${kernel}`);
    });
    window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  };
})();

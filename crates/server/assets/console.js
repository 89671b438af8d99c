// The console's pages work without this. With it they follow changes of the folder, copy values, and poll for a device.
(function () {
  "use strict";
  var body = document.body;
  var news = document.getElementById("news");
  var waiting = null;

  // A form that was changed by hand is not thrown away.
  function isEdited() {
    return Array.prototype.some.call(document.querySelectorAll("input:not([type=hidden]), textarea"), function (field) {
      return field.value !== field.defaultValue;
    });
  }

  function changed() {
    if (body.dataset.follow === "reload" && !isEdited()) {
      sessionStorage.setItem("changed", "1");
      location.reload();
      return;
    }
    var link = document.createElement("a");
    link.href = location.href;
    link.textContent = "Load this page again";
    news.textContent = "The folder changed. ";
    news.append(link);
  }

  // One request waits at the server; a page that nobody looks at waits for nothing.
  async function follow() {
    if (waiting || document.hidden) return;
    var mine = (waiting = new AbortController());
    var pause = 2000;
    try {
      var address = "/changes?after=" + encodeURIComponent(body.dataset.version);
      var answer = await fetch(address, { signal: mine.signal, cache: "no-store" });
      if (answer.status === 200) return changed();
      if (answer.status === 204) pause = 50;
    } catch (error) {
      // Stopped, or started again: asked later.
    }
    if (waiting !== mine) return;
    waiting = null;
    setTimeout(follow, pause);
  }

  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) return follow();
    if (waiting) waiting.abort();
    waiting = null;
  });

  if (sessionStorage.getItem("changed")) {
    sessionStorage.removeItem("changed");
    news.textContent = "The folder changed: this is how it is now.";
  }
  follow();

  // Who does not see the button's word change hears it here.
  var said = document.createElement("div");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  body.append(said);
  function tell(button, word) {
    button.textContent = said.textContent = word;
    setTimeout(function () {
      button.textContent = "Copy";
      said.textContent = "";
    }, 1500);
  }

  document.querySelectorAll("[data-copy]").forEach(function (value) {
    var text = value.textContent.trim();
    var button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    var term = value.parentElement.querySelector("dt");
    button.setAttribute("aria-label", "Copy " + (term ? term.textContent : "the value"));
    button.addEventListener("click", async function () {
      try {
        await navigator.clipboard.writeText(text);
        tell(button, "Copied");
      } catch (error) {
        // The browser does not allow it; the value can still be marked by hand.
        tell(button, "Not copied");
      }
    });
    value.append(button);
  });

  var poll = document.querySelector("form[data-poll]");
  async function ask() {
    var pause = 5;
    try {
      var form = new URLSearchParams(new FormData(poll));
      var answer = await fetch(poll.action, { method: "POST", body: form, headers: { Accept: "application/json" } });
      var state = await answer.json();
      if (!state.pending) return location.reload();
      pause = state.interval;
    } catch (error) {
      // Asked again later.
    }
    setTimeout(ask, pause * 1000 + 200);
  }
  if (poll) setTimeout(ask, Number(poll.dataset.poll) * 1000 + 200);
})();

function start(el, channel) {
  channel.on("message", (m) => { document.getElementById("loading")?.remove(); el.textContent = "got " + JSON.stringify(m); });
  channel.on("lost", () => { el.textContent = "lost"; });
  channel.send({ do: "ask", q: location.search });
}

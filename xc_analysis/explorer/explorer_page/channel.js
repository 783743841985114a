// The kernel of this visit, spoken to over Jupyter's websocket: one comm, opened once.
function connect(base, kernel) {
  const session = crypto.randomUUID();
  const comm = crypto.randomUUID();
  const hear = { message: () => {}, lost: () => {} };
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(
    `${scheme}//${location.host}${base}api/kernels/${kernel}/channels?session_id=${session}`
  );
  const waiting = [];
  function post(kind, content) {
    const header = {
      msg_id: crypto.randomUUID(), username: "", session, msg_type: kind, version: "5.3",
      date: new Date().toISOString(),
    };
    const text = JSON.stringify({
      header, parent_header: {}, metadata: {}, content, channel: "shell", buffers: [],
    });
    if (socket.readyState === WebSocket.OPEN) socket.send(text); else waiting.push(text);
  }
  socket.addEventListener("open", () => waiting.splice(0).forEach((text) => socket.send(text)));
  socket.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    const content = message.content;
    if (message.header.msg_type === "comm_msg" && content.comm_id === comm) {
      hear.message(content.data);
    }
  });
  let leaving = false;
  socket.addEventListener("close", () => { if (!leaving) hear.lost(); });
  // whoever leaves takes the process along; whoever comes back by the browser's cache starts anew
  window.addEventListener("pagehide", () => {
    leaving = true;
    const form = new FormData();
    const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/);
    if (token) form.append("_xsrf", token[1]);
    navigator.sendBeacon(`${base}voila/api/shutdown/${kernel}`, form);
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  post("comm_open", { comm_id: comm, target_name: "xc-explorer", data: {} });
  return {
    send: (data) => post("comm_msg", { comm_id: comm, data }),
    on: (kind, does) => { hear[kind] = does; },
    address: true,
  };
}

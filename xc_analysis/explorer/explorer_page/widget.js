// In JupyterLab the page is a widget: the same script, spoken to over the widget's own channel.
function render({ model, el }) {
  const hear = {};
  model.on("msg:custom", (message) => hear.message && hear.message(message));
  start(el, {
    send: (data) => model.send(data),
    on: (kind, does) => { hear[kind] = does; },
    address: false,
  });
}
export default { render };

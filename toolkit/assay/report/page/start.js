// Weak tests, the keys, and the start.

function findingSummary(one) {
  const what = make("span", { class: "what" }, make("span", { class: "words" }, ...plainCode(one.say)),
    make("span", { class: "where" }, `${one.at} ${one.u}`));
  const side = make("span", { class: "side" }, one.h ? "accepted" : `${one.cost} · ${one.sure}`, make("br"), one.kind);
  return [what, side];
}

function findingBody(one) {
  const shown = make("div", {});
  for (const piece of one.w) shown.append(evidence(piece));
  if (one.patch) shown.append(evidence(["as a patch", one.patch, "diff"]));
  const beside = make("div", {}, make("div", { class: "evidence" }, make("p", { class: "label" }, "smallest fix"), make("p", {}, ...plainCode(one.fix))));
  if (one.tests.length) beside.append(make("div", { class: "evidence" }, make("p", { class: "label" }, many(one.n, "test")), testList(one.tests, one.n)));
  const body = make("div", { class: "inside" },
    shown.children.length ? make("div", { class: "pair" }, shown, beside) : beside);
  if (one.h) body.append(make("p", { class: "held-words" }, `accepted (${one.h})`));
  body.append(make("p", { class: "hint" }, `Severity ${one.cost}, confidence ${one.sure}. `, make("code", {}, `assay accept ${one.i} --reason …`)));
  return body;
}

function drawFindings(place) {
  const kinds = [...new Set(DATA.findings.map((one) => one.kind))].sort();
  const choose = make("select", { "aria-label": "Kind of weakness", on: { change: () => show() } },
    make("option", { value: "" }, "all kinds"), ...kinds.map((kind) => make("option", { value: kind }, kind)));
  const search = make("input", { type: "search", "aria-label": "Search weak tests", placeholder: "Search weak tests", on: { input: () => show() } });
  if (DATA.findings.length > 5) place.append(make("div", { class: "filters" }, search, choose));
  const list = new LongList(place, (one, index) => card(`f-${one.i}`, findingSummary(one), () => findingBody(one), index < 5 && !one.h), "finding");
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = (one) => `${one.i} ${one.kind} ${one.at} ${one.u} ${one.say} ${one.fix} ${one.tests.join(" ")}`.toLowerCase();
    list.show(DATA.findings.filter((one) => (!choose.value || one.kind === choose.value) && words.every((word) => text(one).includes(word))));
  };
  show();
  return list;
}

/** `/` to search, `j` and `k` from card to card; Enter opens a card, as the browser does anyway. */
function keys(event, list, search) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.matches("input, select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
  } else if ((event.key === "j" || event.key === "k") && list) {
    const cards = list.list.children;
    const now = [...cards].indexOf(document.activeElement.closest(".card"));
    const next = event.key === "j" ? now + 1 : now < 0 ? 0 : now - 1;
    if (next >= 0 && next < list.entries.length) reveal(list.reach(next), false);
  }
}

function start() {
  const at = (id) => document.getElementById(id);
  const mutants = at("mutants-list") ? new Mutants(at("mutants-list")) : null;
  const findings = at("findings-list") ? drawFindings(at("findings-list")) : null;
  if (at("files-list")) drawFiles(at("files-list"), mutants);
  document.addEventListener("keydown", (event) => {
    const inFindings = findings && document.activeElement.closest("#findings");
    const list = inFindings || !mutants ? findings : mutants.list;
    keys(event, list, document.querySelector("input[type=search]"));
  });
  const named = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    if (mutants && id.startsWith("m-") && DATA.mutants.some((one) => one.i === id.slice(2))) mutants.open(id.slice(2));
  };
  window.addEventListener("hashchange", named);
  named();
}

start();

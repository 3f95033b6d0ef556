// Mutants: filters, and a card for each with the diff beside the tests that ran it.

const OPEN_AT_FIRST = 5;

function fateOf(mutant) {
  return mutant.h ? "accepted" : WORDS[mutant.s];
}

/** The change in one line: of two lines, only the words that differ are told twice. */
function changeWords(mutant) {
  const short = (text) => text.split(/\s+/).join(" ").trim().slice(0, 80);
  let lines = [mutant.b, mutant.a].map((text) => text && short(text));
  if (mutant.d !== undefined) {
    const first = (mark) => mutant.d.split("\n").filter((line) => line[0] === mark).map((line) => line.slice(1).trim())[0];
    lines = [first("-"), first("+")];
  }
  const [before, after] = lines;
  if (!before) return [make("ins", {}, after || "")];
  if (!after) return [make("del", {}, before)];
  const [head, gone, come, tail] = parts(before, after);
  return [head, gone ? make("del", {}, gone) : "", come ? make("ins", {}, come) : "", tail];
}

function mutantSummary(mutant) {
  const letter = make("span", { class: `letter s-${mutant.s}${mutant.h ? " held" : ""}`, "aria-hidden": "true" }, mutant.s);
  const where = `${DATA.files[mutant.f].p}:${mutant.l}`;
  const what = make("span", { class: "what" },
    make("span", { class: "words" }, make("code", {}, ...changeWords(mutant))),
    make("span", { class: "where" }, `${where} ${mutant.u}`));
  const side = make("span", { class: "side" }, fateOf(mutant), make("br"), `${mutant.o} ${mutant.i}`);
  return [letter, what, side];
}

function mutantBody(mutant) {
  const text = mutant.d !== undefined ? mutant.d
    : [...mutant.b.split("\n").map((line) => `-${line}`), ...(mutant.a ? mutant.a.split("\n").map((line) => `+${line}`) : [])].join("\n");
  const beside = make("div", {});
  if (mutant.s === "K") {
    const how = mutant.y ? "an assertion" : "a crash";
    beside.append(make("h4", {}, `noticed by ${how}, of ${many(mutant.n, "test")} that run it`),
      mutant.k === undefined ? "" : testName(DATA.tests[mutant.k]));
  } else if (mutant.s === "S") {
    beside.append(make("h4", {}, `${many(mutant.n, "test")} ran it and noticed nothing`), coveringTests(mutant));
  } else if (mutant.n) {
    beside.append(make("h4", {}, `${many(mutant.n, "covering test")}`), coveringTests(mutant));
  } else {
    beside.append(make("h4", {}, "no test runs it"));
  }
  if (mutant.r) beside.append(make("p", {}, mutant.r));
  if (mutant.h) beside.append(make("p", { class: "held-words" }, `accepted (${mutant.h})`));
  const body = make("div", { class: "inside" },
    make("div", { class: "pair" }, diff(text), beside));
  for (const piece of mutant.w || []) body.append(evidence(piece));
  const last = make("p", { class: "hint" }, make("code", {}, `assay show ${mutant.i}`));
  if (mutant.s === "S" && !mutant.h) {
    last.append(" · ", make("code", {}, `assay accept ${mutant.i} --reason …`));
  }
  body.append(last);
  return body;
}

function coveringTests(mutant) {
  return testList(DATA.sets[mutant.c].map((place) => DATA.tests[place]), mutant.n);
}

/** The list with its filters; `only` narrows it to one place of the source. */
class Mutants {
  constructor(place) {
    this.fates = new Map();
    for (const mutant of DATA.mutants) {
      const fate = fateOf(mutant);
      this.fates.set(fate, { letter: mutant.s, count: (this.fates.get(fate)?.count || 0) + 1 });
    }
    const wanted = ["survived", "no coverage", "not conclusive", "timed out"].find((fate) => this.fates.has(fate));
    this.shown = new Set(wanted ? [wanted] : this.fates.keys());
    this.only = null;
    const open = (mutant, index) => card(`m-${mutant.i}`, mutantSummary(mutant), () => mutantBody(mutant), index < OPEN_AT_FIRST);
    const filters = this.filters();
    place.append(filters);
    this.list = new LongList(place, open, "mutant");
    this.show();
  }

  filters() {
    const order = Object.values(WORDS).concat("accepted");
    this.chips = make("div", { class: "chips", role: "group", "aria-label": "Verdicts shown" });
    const fates = [...this.fates].sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
    for (const [fate, { letter, count }] of fates) {
      const held = fate === "accepted" ? " held" : "";
      const chip = make("button", { type: "button", "aria-pressed": String(this.shown.has(fate)), "data-fate": fate, on: { click: () => this.toggle(fate) } },
        make("span", { class: `letter s-${letter}${held}`, "aria-hidden": "true" }, letter), `${fate} ${count.toLocaleString("en")}`);
      this.chips.append(chip);
    }
    this.search = make("input", { type: "search", id: "search", placeholder: "Search text, tests, ids", "aria-label": "Search mutants", on: { input: () => this.later() } });
    this.file = this.choice("File", "all files", [...new Set(DATA.mutants.map((m) => DATA.files[m.f].p))].sort());
    this.operator = this.choice("Operator", "all operators", [...new Set(DATA.mutants.map((m) => m.o))].sort());
    this.reset = button("Show all", () => this.clear());
    return make("div", { class: "filters" }, this.chips, this.search, this.file, this.operator, this.reset);
  }

  choice(name, all, values) {
    const options = values.map((value) => make("option", { value }, value));
    return make("select", { "aria-label": name, on: { change: () => { this.only = null; this.show(); } } },
      make("option", { value: "" }, all), ...options);
  }

  toggle(fate) {
    if (!this.shown.delete(fate)) this.shown.add(fate);
    this.show();
  }

  clear() {
    this.shown = new Set(this.fates.keys());
    this.only = null;
    this.search.value = this.file.value = this.operator.value = "";
    this.show();
  }

  /** While somebody types, once he pauses. */
  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.show(), 120);
  }

  /** The mutants of some lines of one file, whatever their verdict. */
  narrow(file, first, last, name) {
    this.clear();
    this.only = { file, first, last, name };
    this.show();
    document.getElementById("mutants").scrollIntoView();
    this.list.list.querySelector("summary")?.focus({ preventScroll: true });
  }

  show() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (mutant) => {
      if (!this.shown.has(fateOf(mutant))) return false;
      const path = DATA.files[mutant.f].p;
      if (this.file.value && path !== this.file.value) return false;
      if (this.operator.value && mutant.o !== this.operator.value) return false;
      const only = this.only;
      if (only && (mutant.f !== only.file || (only.name ? mutant.u !== only.name && !mutant.u.startsWith(`${only.name}.`) : mutant.l < only.first || mutant.l > only.last))) return false;
      return !words.length || words.every((word) => searchText(mutant).includes(word));
    };
    for (const chip of this.chips.children) chip.setAttribute("aria-pressed", String(this.shown.has(chip.dataset.fate)));
    this.list.show(DATA.mutants.filter(fits));
    if (this.only) {
      const place = this.only.name || `line ${this.only.first}`;
      this.list.count.textContent += ` of ${DATA.files[this.only.file].p}, ${place}`;
    }
  }

  /** Show one mutant, whatever the filters say. */
  open(id) {
    this.clear();
    const place = this.list.entries.findIndex((mutant) => mutant.i === id);
    if (place >= 0) reveal(this.list.reach(place), true);
  }
}

/** Lower-case text of all that a search looks at, made when it is first asked for. */
function searchText(mutant) {
  if (mutant.text === undefined) {
    const tests = mutant.c === undefined ? [] : DATA.sets[mutant.c].map((place) => DATA.tests[place]);
    const killer = mutant.k === undefined ? "" : DATA.tests[mutant.k];
    mutant.text = [mutant.i, DATA.files[mutant.f].p, mutant.u, mutant.o, mutant.d || `${mutant.b} ${mutant.a}`, mutant.r || "", mutant.h || "", killer, ...tests].join("\n").toLowerCase();
  }
  return mutant.text;
}

/** Bring a card into view, give it the focus, and open it if that is wanted. */
function reveal(item, isOpen) {
  const details = item.querySelector("details");
  if (isOpen) details.open = true;
  details.querySelector("summary").focus({ preventScroll: true });
  item.scrollIntoView({ block: "center" });
}

// Files: a row of functions for each, and its source with the mutants of each line.

const GUARDS = {
  "guarded": ["G", "guarded: a test noticed a fault"],
  "touched only": ["T", "touched only: tests run it, none noticed a fault"],
  "only mocked": ["M", "only mocked"],
  "untouched": ["U", "uncovered: no test runs it"],
  "not conclusive": ["Q", "not conclusive"],
  "no mutants": ["–", "nothing to mutate"],
};

const LINES_AT_ONCE = 1500;
const WORST_FIRST = "SNTRPCIK";

function guardCell(guard, words, attributes, tag) {
  const letter = GUARDS[guard][0];
  return make(tag || "button", { class: `cell g-${letter}`, type: tag ? undefined : "button", ...attributes }, words || letter);
}

function legend() {
  const used = new Set(DATA.files.flatMap((file) => file.u.map((unit) => unit.g)));
  const list = make("ul", { class: "legend" });
  for (const [guard, [, words]] of Object.entries(GUARDS)) {
    if (used.has(guard)) list.append(make("li", {}, guardCell(guard, "", {}, "span"), words));
  }
  if (DATA.files.some((file) => file.u.some((unit) => unit.g === "guarded" && unit.s))) {
    list.append(make("li", {}, guardCell("guarded", "G 3", { "data-weak": true }, "span"), "guarded, and 3 survived"));
  }
  return list;
}

function fileRow(file, place, mutants) {
  const cells = make("div", { class: "cells" });
  for (const unit of file.u) {
    const words = `${unit.n}: ${unit.g}, ${unit.k} killed and ${unit.s} survived of ${many(unit.c, "mutant")}`;
    const letter = GUARDS[unit.g][0];
    const cell = guardCell(unit.g, unit.g === "guarded" && unit.s ? `${letter} ${unit.s}` : letter, {
      title: words, "aria-label": words, "data-weak": unit.g === "guarded" && unit.s > 0,
      on: { click: () => mutants.narrow(place, unit.l, unit.l, unit.n === "(module body)" ? "(module body)" : unit.n) },
    });
    // As wide as it has mutants, within reason.
    cell.style.flexBasis = `${Math.min(1.5 + 0.12 * unit.c, 6)}rem`;
    cells.append(cell);
  }
  const guarded = file.u.filter((unit) => unit.g === "guarded").length;
  const count = (key) => file.u.reduce((sum, unit) => sum + unit[key], 0);
  const words = file.u.length ? [`${guarded} of ${file.u.length} guarded`, make("br"), many(count("s"), "survivor")] : ["no mutants"];
  const figures = make("span", { class: "figures" }, ...words);
  const box = make("div", {});
  const name = button(file.p, () => {
    const isOpen = name.getAttribute("aria-expanded") === "true";
    name.setAttribute("aria-expanded", String(!isOpen));
    box.replaceChildren(...(isOpen ? [] : [sourceView(file, place, mutants)]));
  }, { class: "plainly", "aria-expanded": "false" });
  return make("li", {}, make("div", { class: "row" }, name, cells, figures), box);
}

/** The source with, for each line, the letters of its mutants' verdicts, the worst first. */
function sourceView(file, place, mutants) {
  if (file.t === undefined) return make("p", { class: "hint" }, file.why);
  const byLine = new Map();
  for (const mutant of DATA.mutants) {
    if (mutant.f === place) byLine.set(mutant.l, [...(byLine.get(mutant.l) || []), mutant]);
  }
  const changed = new Set(file.x || []);
  const missed = new Set(file.m || []);
  const lines = file.t.split(/\r\n|\r|\n/);
  const box = make("div", { class: "source", role: "region", tabindex: "0", "aria-label": `source of ${file.p}` });
  let drawn = 0;
  const draw = (count) => {
    const end = Math.min(drawn + count, lines.length);
    for (let number = drawn + 1; number <= end; number += 1) {
      box.append(sourceLine(number, lines[number - 1], byLine.get(number) || [], changed, missed, place, mutants));
    }
    drawn = end;
  };
  draw(LINES_AT_ONCE);
  const more = make("p", { class: "more" });
  if (drawn < lines.length) {
    more.append(button(`Show all ${lines.length} lines`, () => { draw(lines.length); more.remove(); }));
  }
  const said = changed.size ? make("p", { class: "hint" }, "Changed lines have a bold number; one that no test ran is dotted below.") : null;
  return make("div", {}, ...[said, box, more].filter(Boolean));
}

function sourceLine(number, text, here, changed, missed, place, mutants) {
  const open = here.filter((mutant) => !mutant.h);
  const letters = [...new Set(open.map((mutant) => mutant.s))].sort((a, b) => WORST_FIRST.indexOf(a) - WORST_FIRST.indexOf(b));
  const worst = letters[0] || (here.length ? "I" : "");
  const marks = make("span", { class: "mk" });
  if (here.length) {
    const counts = letters.map((letter) => many(open.filter((m) => m.s === letter).length, "mutant") + ` ${WORDS[letter]}`);
    const words = `line ${number}: ${counts.join(", ") || "accepted"}`;
    marks.append(button(letters.join("") || "A", () => mutants.narrow(place, number, number), { title: words, "aria-label": words }));
  }
  const classes = ["ln", worst, changed.has(number) ? "changed" : "", missed.has(number) ? "missed" : ""];
  return make("div", { class: classes.filter(Boolean).join(" ") },
    make("span", { class: "no" }, String(number)), marks, make("span", {}, text || " "));
}

function drawFiles(place, mutants) {
  place.append(legend());
  const worst = (file) => file.u.reduce((sum, unit) => sum + unit.s + (unit.g === "untouched" ? unit.c : 0), 0);
  const order = DATA.files.map((file, index) => [file, index]).sort((a, b) => worst(b[0]) - worst(a[0]));
  const list = make("ul", { class: "heat" });
  const more = make("p", { class: "more" });
  let drawn = 0;
  const draw = () => {
    for (const [file, index] of order.slice(drawn, drawn + AT_ONCE)) list.append(fileRow(file, index, mutants));
    drawn = Math.min(drawn + AT_ONCE, order.length);
    more.replaceChildren();
    if (drawn < order.length) more.append(button(`Show more of ${order.length} files`, draw));
  };
  draw();
  place.append(list, more);
}

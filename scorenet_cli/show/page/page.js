// The page around predict(), which stands above: it only shows what predict() answers.
const data = JSON.parse(document.getElementById("data").textContent);
const { features, inputs, layers, outputs, targets, rows } = data;
const last = data.weights.length - 1;
const find = (id) => document.getElementById(id);

// What is shown: a value for each column, the epoch's place in data.weights, the output of the
// response, and the neuron or line whose arithmetic is shown: layer 0 holds the inputs.
const state = {
  values: Object.assign(
    Object.create(null), // a column may be called __proto__
    Object.fromEntries(features.map((each) => [each.name, each.start])),
  ),
  epoch: last,
  output: 0,
  focus: { layer: layers.length, neuron: 0, from: null },
};
let answer;

const compute = (values) => predict(values, data.weights[state.epoch]);
const outputsOf = (n) => (n === 0 ? answer.inputs : answer.layers[n - 1].outputs);
const namesOf = (n) => (n === 0 ? inputs.map((each) => each.name) : layers[n - 1].names);

// Weights into layer n (1, 2, ...), from its neuron before to its own neuron.
const starts = layers.map(() => 0);
const sizes = layers.map((layer, n) => {
  const before = n === 0 ? inputs.length : layers[n - 1].names.length;
  return (before + (layer.hasBias ? 1 : 0)) * layer.names.length;
});
sizes.forEach((size, n) => {
  if (n + 1 in starts) starts[n + 1] = starts[n] + size;
});
const place = (n, from, to) => starts[n - 1] + from * layers[n - 1].names.length + to;
const weight = (n, from, to) => data.weights[state.epoch][place(n, from, to)];
const bias = (n, to) => (layers[n - 1].hasBias ? weight(n, namesOf(n - 1).length, to) : null);

// Numbers as the tables of scorenet write them.
const format = (value, digits = 6) => {
  if (!Number.isFinite(value)) return "none";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e15 || (digits > 3 && size < 10 ** (1 - digits)))) {
    const [digitsOf, power] = value.toExponential(Math.max(digits - 1, 0)).split("e");
    return `${digitsOf}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  }
  const text = value.toFixed(digits);
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  const found = Math.abs(Number(short) - value) <= 1e-14 * Math.max(size, 1) ? short : text;
  return Number(found) === 0 ? found.replace("-", "") : found;
};
const count = (number) => number.toLocaleString("en");
const short = (value) => String(Number(value.toPrecision(4)));

const table = (heads, body) => {
  const row = html("tr", {}, ...heads.map((text) => html("th", {}, text)));
  return html("table", {}, html("thead", {}, row), body);
};
const html = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const svg = (parent, tag, attributes, text) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
};
const write = (parent, text, x, y, anchor = "start", look = "") =>
  svg(parent, "text", { x, y, "text-anchor": anchor, class: look }, text);
const drawing = (width, height, label) =>
  svg(new DocumentFragment(), "svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": label,
  });

// Scores, with the interval of the last epoch.
const ACTIVATIONS = {
  sigmoid: [(z) => 1 / (1 + Math.exp(-z)), (a) => a * (1 - a), 0, 1],
  tanh: [Math.tanh, (a) => 1 - a * a, -1, 1],
  relu: [(z) => Math.max(z, 0), (a) => (a > 0 ? 1 : 0), 0, Infinity],
  linear: [(z) => z, () => 1, -Infinity, Infinity],
};
const scoreOf = (output, n) => output * outputs[n].scale + outputs[n].offset;

// The derivatives of an output's sum by all weights, and through R what they may move it; the noise
// is added as variances are.
function interval(found, n) {
  if (data.interval === null || state.epoch !== last) return null;
  const derivatives = Array(data.weights[last].length).fill(0);
  let delta = outputs.map((_, k) => (k === n ? 1 : 0));
  for (let layer = layers.length; layer >= 1; layer--) {
    const before = layer === 1 ? found.inputs : found.layers[layer - 2].outputs;
    const all = layers[layer - 1].hasBias ? [...before, 1] : before;
    all.forEach((value, from) =>
      delta.forEach((each, to) => {
        derivatives[place(layer, from, to)] = value * each;
      }),
    );
    if (layer === 1) break;
    const slope = ACTIVATIONS[layers[layer - 2].activation][1];
    delta = before.map(
      (value, from) =>
        slope(value) * delta.reduce((sum, each, to) => sum + each * weight(layer, from, to), 0),
    );
  }
  const { factor, times, noise } = data.interval;
  let at = 0;
  let variance = 0;
  derivatives.forEach((_, row) => {
    let moved = 0;
    for (let column = row; column < derivatives.length; column++)
      moved += factor[at++] * derivatives[column];
    variance += moved * moved;
  });
  const [activation, , smallest, largest] = ACTIVATIONS[layers.at(-1).activation];
  const sum = found.layers.at(-1).sums[n];
  const output = activation(sum);
  const away = times * Math.sqrt(variance);
  const spread = times * Math.sqrt(noise[n]);
  return [
    scoreOf(Math.max(output - Math.hypot(output - activation(sum - away), spread), smallest), n),
    scoreOf(Math.min(output + Math.hypot(activation(sum + away) - output, spread), largest), n),
  ];
}

function showScores() {
  find("scores").className = targets.length > 1 ? "many" : "";
  find("scores").replaceChildren(
    ...targets.map(({ name, label, first, end, classes }) => {
      const value = answer.predicted[name];
      const about = [];
      if (classes.length) {
        const chances = answer.scores.slice(first, end);
        const all = chances.length === 1 ? [1 - chances[0], chances[0]] : chances;
        about.push(classes.map((text, n) => `${text} ${format(all[n], 3)}`).join(", "));
      } else if (value !== null) {
        if (data.omitsInterval) about.push("no interval here: the network is too large");
        const ends = interval(answer, first);
        if (ends !== null) {
          const digits = Math.max(2 - Math.floor(Math.log10(ends[1] - ends[0] || 1)), 0);
          const [low, high] = ends.map((each) => each.toFixed(Math.min(digits, 12)));
          about.push(`${data.interval.level} interval ${low} to ${high}`);
        }
      }
      const shown = value === null ? "no value" : classes.length ? value : format(value, 4);
      return html(
        "div",
        {},
        label,
        html("b", { textContent: shown }),
        html("span", { className: "dim", textContent: about.join(", ") }),
      );
    }),
  );
}

// A slider and a field for each column of numbers, choices for one of texts.
function makeFields() {
  for (const [n, feature] of features.entries()) {
    const { name, label, texts, low, high, step, trained, start } = feature;
    const id = `value${n}`;
    const field = html("div", { className: "field" });
    const head = html("div", {}, html("label", { htmlFor: id, textContent: label }));
    field.append(head);
    if (texts !== undefined) {
      const choice = html("select", { id }, ...texts.map((text) => html("option", {}, text)));
      texts.forEach((text, k) => {
        choice.options[k].value = text;
      });
      choice.onchange = () => change(name, choice.value);
      feature.show = () => {
        choice.value = state.values[name];
      };
      head.append(choice);
    } else {
      const number = html("input", { id, type: "number", step: "any", value: start });
      const slider = html("input", {
        type: "range",
        min: low,
        max: high,
        step,
        value: start,
        ariaLabel: `${label}, slider`,
      });
      const note = html("small");
      number.oninput = () => change(name, number.value === "" ? null : number.valueAsNumber);
      slider.oninput = () => change(name, slider.valueAsNumber);
      feature.show = () => {
        const value = state.values[name];
        if (document.activeElement !== number) number.value = value === null ? "" : value;
        if (value !== null) slider.value = value;
        const isOutside = trained !== null && (value < trained[0] || value > trained[1]);
        const range = trained === null ? "" : `training range ${trained.map(short).join(" to ")}`;
        note.className = isOutside && value !== null ? "outside" : "";
        note.textContent =
          value === null
            ? feature.fills
              ? "no value: the fill value is used"
              : "no value"
            : isOutside
              ? `outside the ${range}`
              : range;
      };
      head.append(number);
      field.append(slider);
      if (trained !== null) {
        const part = trained.map((value) => (100 * (value - low)) / (high - low));
        const inside = html("i");
        inside.style.left = `${part[0]}%`;
        inside.style.width = `${Math.max(part[1] - part[0], 1)}%`;
        field.append(html("span", { className: "trained" }, inside));
      }
      field.append(note);
    }
    find("fields").append(field);
  }
  find("fields").onsubmit = (event) => event.preventDefault();
}

function change(name, value) {
  state.values[name] = value;
  update();
}

// The network: circles and lines are made for a width, and filled anew with each answer.
let picture = { cells: [], wires: [], largest: [] };

function drawNetwork() {
  const width = Math.round(find("picture").clientWidth);
  if (!data.isDrawn) {
    find("picture").textContent = "The network is too large to be drawn.";
    return;
  }
  const columns = [inputs.length, ...layers.map((layer) => layer.names.length)];
  const most = Math.max(...columns);
  const isWide = width / columns.length >= 150;
  const widest = most > 12 ? 15 : most > 6 ? 23 : 30;
  const radius = isWide ? widest : Math.min(widest, 26, width / columns.length / 2.6);
  const pitch = 2 * radius + (most > 6 ? 24 : 44);
  const height = most * pitch + 24;
  const side = Math.max(radius + 4, isWide ? 70 : 0);
  const centre = (n, k) => [
    side + (n * (width - 2 * side)) / (columns.length - 1),
    32 + height / 2 + (k - (columns[n] - 1) / 2) * pitch - 12,
  ];
  const root = drawing(width, height, "The network with its sums and outputs");
  root.setAttribute("role", "group");
  picture = { cells: [], wires: [], largest: [] };
  layers.forEach((layer, n) => {
    picture.wires.push([]);
    const [first, end] = [starts[n], starts[n] + columns[n] * columns[n + 1]];
    const sizes = data.weights.flatMap((each) => each.slice(first, end).map(Math.abs));
    picture.largest.push(Math.max(...sizes) || 1);
    const isLabelled = isWide && columns[n] * columns[n + 1] <= 12;
    for (let from = 0; from < columns[n]; from++) {
      const part = 0.15 + (0.7 * (from + 0.5)) / columns[n];
      for (let to = 0; to < columns[n + 1]; to++) {
        const [x1, y1] = centre(n, from);
        const [x2, y2] = centre(n + 1, to);
        const ends = { x1, y1, x2, y2 };
        const group = svg(root, "g", { class: "wire", tabindex: -1, role: "img" });
        svg(group, "line", { ...ends, class: "hit" });
        const line = svg(group, "line", ends);
        const rim = radius / Math.hypot(x2 - x1, y2 - y1);
        const along = rim + part * (1 - 2 * rim);
        const at = [x1 + along * (x2 - x1), y1 + along * (y2 - y1) + 4];
        const element = { group, line, at, isLabelled, layer: n + 1, neuron: to, from };
        picture.wires[n].push(element);
        listen(element);
      }
    }
  });
  picture.wires.flat().forEach((each) => {
    each.label = write(root, "", ...each.at, "middle");
    each.label.style.pointerEvents = "none";
  });
  columns.forEach((size, n) => {
    picture.cells.push([]);
    const anchor = n === 0 ? "start" : n === columns.length - 1 ? "end" : "middle";
    for (let k = 0; k < size; k++) {
      const [x, y] = centre(n, k);
      const group = svg(root, "g", { class: "cell", tabindex: -1, role: "img" });
      svg(group, "circle", { cx: x, cy: y, r: radius });
      const isSmall = radius < 20;
      const [small, large] = [
        write(group, "", x, y - radius * 0.3, "middle", "soft"),
        write(group, "", x, isSmall ? y + 3 : y + radius * 0.3, "middle", "large"),
      ];
      small.style.fontSize = isSmall ? "0" : `${radius / 2.8}px`;
      large.style.fontSize = isSmall ? "9px" : `${radius / 2.3}px`;
      const edge = side - radius > 30 ? 66 : radius;
      const away = anchor === "start" ? -edge : anchor === "end" ? edge : 0;
      const room = Math.max(Math.floor((width / columns.length / 7.2) * (isWide ? 1 : 1.2)), 4);
      const name = namesOf(n)[k];
      const cut = name.length > room ? `${name.slice(0, room - 1)}…` : name;
      const title = write(root, cut, x + away, y - radius - 7, anchor, "halo");
      title.style.fontSize = most > 12 ? "11px" : "13px";
      const element = { group, small, large, layer: n, neuron: k, from: null };
      picture.cells[n].push(element);
      listen(element);
    }
  });
  find("picture").replaceChildren(root);
}

// Hover, click and focus select; the arrow keys go from layer to layer, and up and down in one.
function listen(element) {
  const { group, layer, neuron, from } = element;
  const select = () => {
    state.focus = { layer, neuron, from };
    showFocus();
  };
  group.addEventListener("pointerenter", select);
  group.addEventListener("focus", select);
  group.addEventListener("click", () => group.focus());
  group.addEventListener("keydown", (event) => {
    const columns = picture.cells.flatMap((cells, n) =>
      n < picture.wires.length ? [cells, picture.wires[n]] : [cells],
    );
    const column = columns.findIndex((each) => each.includes(element));
    const row = columns[column].indexOf(element);
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const [across, down] = steps[event.key];
    const next = columns[column + across];
    if (next) next[Math.min(Math.max(row + down, 0), next.length - 1)].group.focus();
  });
}

function showNetwork() {
  picture.wires.forEach((wires, n) => {
    wires.forEach(({ group, line, label, from, neuron }) => {
      const value = weight(n + 1, from, neuron);
      const sign = value > 0 ? "plus" : value < 0 ? "minus" : "axis";
      line.setAttribute("class", sign);
      line.setAttribute(
        "stroke-width",
        (0.8 + (5.2 * Math.abs(value)) / picture.largest[n]).toFixed(2),
      );
      group.setAttribute(
        "aria-label",
        `weight from ${namesOf(n)[from]} to ${namesOf(n + 1)[neuron]}: ${format(value, 4)}`,
      );
      label.setAttribute("class", `halo ${sign}`);
      label.textContent = format(value, 4);
    });
  });
  picture.cells.flat().forEach(({ group, small, large, layer, neuron }) => {
    const output = outputsOf(layer)[neuron];
    const source = layer === 0 ? sourceOf(neuron) : answer.layers[layer - 1].sums[neuron];
    const digits = large.style.fontSize === "9px" ? 2 : 4;
    large.textContent = format(output, digits);
    if (large.textContent.length > 8) large.textContent = output.toPrecision(3);
    small.textContent =
      layer === 0 && source === output
        ? ""
        : Math.abs(source) < 1000
          ? format(source, 3)
          : short(source);
    const name = namesOf(layer)[neuron];
    group.setAttribute("aria-label", `${name}: ${format(output, 4)}`);
  });
  showFocus();
}

// An input before scaling.
const sourceOf = (n) => answer.inputs[n] * inputs[n].scale + (inputs[n].offset ?? 0);

function formulaOf(n) {
  const { offset, scale } = inputs[n];
  const value = format(sourceOf(n));
  const shifted =
    offset === null ? value : `(${value} ${offset < 0 ? "+" : "-"} ${format(Math.abs(offset))})`;
  return scale === 1 ? shifted : `${shifted} / ${format(scale)}`;
}

// The arithmetic of a neuron, as forward-trace prints it.
function showFocus() {
  const { layer, neuron, from } = state.focus;
  const columns = picture.cells.flatMap((cells, n) => [cells, picture.wires[n] ?? []]);
  columns.flat().forEach((each) => {
    const isOf =
      each.layer === layer &&
      each.neuron === neuron &&
      (each.from === from || (from === null && layer > 0));
    each.group.classList.toggle("of", isOf);
    each.label?.classList.toggle("hidden", !each.isLabelled && !isOf);
    const isHere = isOf && each.from === from;
    each.group.setAttribute("tabindex", isHere ? 0 : -1);
  });
  find("picture").classList.toggle("dimmed", layer > 0);
  const name = namesOf(layer)[neuron];
  const title = layer === 0 ? "input" : layers[layer - 1].title;
  find("neuron").textContent = `Arithmetic of ${name} (${title})`;
  const row = (cells, look) =>
    html(
      "tr",
      { className: look ?? "" },
      html("th", { className: "left", textContent: cells[0] }),
      ...cells.slice(1).map((text) => html("td", {}, text)),
    );
  const body = html("tbody");
  let heads;
  if (layer === 0) {
    heads = ["", "value", "formula", "scaled"];
    body.append(row([name, format(sourceOf(neuron)), formulaOf(neuron), ""]));
    body.lastChild.lastChild.append(html("strong", {}, format(answer.inputs[neuron])));
  } else {
    heads = ["", "value", "weight", "product"];
    const sum = answer.layers[layer - 1].sums[neuron];
    const output = answer.layers[layer - 1].outputs[neuron];
    namesOf(layer - 1).forEach((source, n) => {
      const [value, by] = [outputsOf(layer - 1)[n], weight(layer, n, neuron)];
      body.append(
        row([source, format(value), format(by), format(value * by)], n === from ? "of" : ""),
      );
    });
    if (bias(layer, neuron) !== null)
      body.append(row(["bias", "", "", format(bias(layer, neuron))]));
    body.append(row(["sum", "", "", format(sum)]));
    body.append(row([layers[layer - 1].activation, "", "", ""]));
    body.lastChild.lastChild.append(html("strong", {}, format(output)));
    const { scale, offset } = layer === layers.length ? outputs[neuron] : { scale: 1, offset: 0 };
    if (scale !== 1 || offset !== 0) {
      const shift = offset ? ` ${offset < 0 ? "-" : "+"} ${format(Math.abs(offset))}` : "";
      body.append(
        html(
          "tr",
          {},
          html("th", { className: "left" }, "score"),
          html("td", { colSpan: 2 }, `${format(output)} x ${format(scale)}${shift}`),
          html("td", {}, html("strong", {}, format(answer.scores[neuron]))),
        ),
      );
    }
  }
  find("steps").replaceChildren(table(heads, body));
}

// Charts.
const ticks = (low, high, most = 4) => {
  const power = 10 ** Math.floor(Math.log10((high - low) / most));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= (high - low) / most);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n++)
    found.push(n * step);
  return found;
};

// A chart's area with axes: x and y are {low, high, label} and perhaps texts that stand at 0, 1, ...,
// ticks and how to write them, and what turns a value into a length.
function plot(root, box, x, y) {
  const { left, top, width, height } = box;
  const part = (axis, value) => {
    const to = axis.to ?? ((each) => each);
    return (to(value) - to(axis.low)) / (to(axis.high) - to(axis.low));
  };
  const pixel = (value) => Math.min(Math.max(value || 0, -9999), 9999);
  const across = (value) => pixel(left + part(x, value) * width);
  const down = (value) => pixel(top + (1 - part(y, value)) * height);
  svg(root, "path", {
    d: `M${left},${top}V${top + height}H${left + width}`,
    class: "axis",
    fill: "none",
  });
  const named = x.texts?.map((text, n) => [n, text.length > 9 ? `${text.slice(0, 8)}…` : text]);
  const every = Math.ceil((named?.length ?? 0) / (width / 64));
  for (const [value, text] of named?.filter((_, n) => n % every === 0) ??
    (x.ticks ?? ticks(x.low, x.high, width < 200 ? 3 : 5)).map((each) => [
      each,
      (x.write ?? short)(each),
    ])) {
    svg(root, "path", { d: `M${across(value)},${top + height}v4`, class: "axis" });
    write(root, text, across(value), top + height + 18, "middle", "soft");
  }
  for (const value of y.ticks ?? ticks(y.low, y.high)) {
    svg(root, "path", { d: `M${left},${down(value)}h-4`, class: "axis" });
    write(root, short(value), left - 8, down(value) + 4, "end", "soft");
  }
  write(root, x.label, left + width / 2, top + height + 36, "middle");
  write(root, y.label, 0, top - 10);
  const path = (points, look) =>
    points.length &&
    svg(root, "path", {
      class: look,
      d: points
        .map(([a, b], n) => `${n ? "L" : "M"}${across(a).toFixed(1)},${down(b).toFixed(1)}`)
        .join(""),
    });
  return { across, down, path };
}

const isSurface = features.length === 2 && features.every((each) => each.texts === undefined);
const hasRows = rows.length > 0;

function showResponse() {
  const label = outputs[state.output].name;
  find("of").textContent = outputs.length > 1 ? "Response of" : `Response of ${label}`;
  const width = Math.round(find("chart").clientWidth);
  const isKnown = Object.values(state.values).every((value) => value !== null);
  if (isSurface) drawSurface(width, label);
  else if (isKnown) drawCurves(width, label);
}

// The surface is computed once for an epoch, an output and a width.
let surface = {};

function drawSurface(width, label) {
  const [x, y] = features;
  const box = { left: 52, top: 44, width: width - 64, height: Math.min(width - 64, 300) };
  const key = `${state.epoch} ${state.output} ${width}`;
  if (surface.key !== key) {
    const [columns, lines] = [48, 36];
    const [wide, tall] = [box.width / columns, box.height / lines];
    const cells = Array.from({ length: columns * lines }, (_, n) => {
      const [line, column] = [Math.floor(n / columns), n % columns];
      const values = {
        [x.name]: x.low + ((x.high - x.low) * (column + 0.5)) / columns,
        [y.name]: y.high - ((y.high - y.low) * (line + 0.5)) / lines,
      };
      return { line, column, score: compute(values).scores[state.output] };
    });
    const scores = cells.map((each) => each.score);
    const [low, high] = [Math.min(...scores), Math.max(...scores)];
    const group = svg(new DocumentFragment(), "g", { "shape-rendering": "crispEdges" });
    for (const { line, column, score } of cells)
      svg(group, "rect", {
        x: box.left + column * wide,
        y: box.top + line * tall,
        width: wide,
        height: tall,
        fill: colour(high > low ? (score - low) / (high - low) : 0.5),
      });
    surface = { key, low, high, group };
  }
  const root = drawing(width, box.top + box.height + 44, `Response surface of ${label}`);
  root.append(surface.group);
  const { across, down } = plot(root, box, x, { ...y, label: "" });
  const middle = box.top + box.height / 2;
  write(root, y.label, 14, middle, "middle").setAttribute("transform", `rotate(-90 14 ${middle})`);
  const bar = { x: width - 12 - 190, width: 110 };
  for (let n = 0; n < 22; n++)
    svg(root, "rect", { x: bar.x + 5 * n, y: 8, width: 5.3, height: 14, fill: colour(n / 21) });
  write(root, short(surface.low), bar.x - 6, 20, "end");
  write(root, short(surface.high), bar.x + bar.width + 6, 20);
  if (x.trained && y.trained)
    for (const look of ["box under", "box"])
      svg(root, "rect", {
        class: look,
        x: across(x.trained[0]),
        y: down(y.trained[1]),
        width: across(x.trained[1]) - across(x.trained[0]),
        height: down(y.trained[0]) - down(y.trained[1]),
      });
  for (const { values, actual } of rows) {
    const at = [across(values[x.name]), down(values[y.name])];
    const size = surface.high - surface.low || 1;
    const part = Math.min(Math.max((actual[state.output] - surface.low) / size, 0), 1);
    svg(root, "circle", { cx: at[0], cy: at[1], r: 5, stroke: "#000", fill: colour(part) });
  }
  const [a, b] = [state.values[x.name], state.values[y.name]];
  if (a !== null && b !== null)
    svg(root, "circle", {
      class: "now",
      r: 7,
      cx: Math.min(Math.max(across(a), box.left), box.left + box.width),
      cy: Math.min(Math.max(down(b), box.top), box.top + box.height),
    });
  find("chart").onpointerdown = find("chart").onpointermove = (event) => {
    if (event.buttons !== 1) return;
    const frame = find("chart").getBoundingClientRect();
    const across = (event.clientX - frame.left - box.left) / box.width;
    const up = 1 - (event.clientY - frame.top - box.top) / box.height;
    for (const [{ name, low, high, step }, part] of [
      [x, across],
      [y, up],
    ]) {
      const value = low + Math.min(Math.max(part, 0), 1) * (high - low);
      state.values[name] = Number((Math.round(value / step) * step).toPrecision(12));
    }
    update();
  };
  find("chart").replaceChildren(root);
  find("note").textContent =
    "Large point: these values; press anywhere to move it. Box: the training range." +
    (hasRows ? " Circles: the given rows in the colour of their actual score." : "");
}

// The colour of a part of the way from the lowest score to the highest.
function colour(part) {
  const stop = Math.min(Math.floor(part * 2), 1);
  const [from, to] = data.colours
    .slice(stop, stop + 2)
    .map((each) => [1, 3, 5].map((at) => parseInt(each.slice(at, at + 2), 16)));
  return `rgb(${from.map((each, n) => Math.round(each + (to[n] - each) * (2 * part - stop)))})`;
}

function drawCurves(width, label) {
  const chosen = data.curves.map((n) => features[n]);
  const curves = chosen.map((feature) => {
    const { name, texts, low, high } = feature;
    const at =
      texts?.map((_, n) => n) ??
      Array.from({ length: 61 }, (_, n) => low + ((high - low) * n) / 60);
    const found = at.map((value) =>
      compute({ ...state.values, [name]: texts ? texts[value] : value }),
    );
    return {
      feature,
      at,
      scores: found.map((each) => each.scores[state.output]),
      ends: found.map((each) => interval(each, state.output)),
    };
  });
  const known = curves.flatMap((each) => [...each.scores, ...each.ends.flat()]);
  const isAlone = features.length === 1;
  if (isAlone) known.push(...rows.map((each) => each.actual[state.output]));
  const finite = [...known, ...(data.scoreRange?.[state.output] ?? [])].filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const room = 0.06 * (high - low) || 1;
  const y = { low: low - room, high: high + room, label };
  const parts = width < 330 || curves.length === 1 ? 1 : 2;
  const [each, tall] = [width / parts, curves.length === 1 ? 260 : 130];
  const root = drawing(
    width,
    34 + Math.ceil(curves.length / parts) * (tall + 56),
    `Response of ${label}`,
  );
  curves.forEach(({ feature, at, scores, ends }, n) => {
    const { name, texts, trained } = feature;
    const box = {
      left: (n % parts) * each + 48,
      top: 26 + Math.floor(n / parts) * (tall + 56),
      width: each - 62,
      height: tall,
    };
    const x = {
      low: texts ? -0.5 : feature.low,
      high: texts ? texts.length - 0.5 : feature.high,
      texts,
      label:
        feature.label.length > each / 8 ? `${feature.label.slice(0, each / 8)}…` : feature.label,
    };
    const { across, down, path } = plot(root, box, x, n ? { ...y, label: "" } : y);
    const points = at.map((value, k) => [value, scores[k]]);
    if (texts) {
      ends.forEach(
        (pair, k) =>
          pair &&
          svg(root, "path", { class: "bar", d: `M${across(k)},${down(pair[0])}V${down(pair[1])}` }),
      );
      points.forEach(([a, b]) =>
        svg(root, "circle", { class: "dot", r: 4, cx: across(a), cy: down(b) }),
      );
    } else {
      if (ends[0])
        path(
          [
            ...at.map((value, k) => [value, ends[k][0]]),
            ...at.map((value, k) => [value, ends[k][1]]).reverse(),
          ],
          "band",
        );
      path(points, trained ? "line outside" : "line");
      if (trained)
        path(
          points.filter(([a]) => a >= trained[0] && a <= trained[1]),
          "line",
        );
      if (isAlone)
        for (const { values, actual } of rows)
          svg(root, "circle", {
            class: "row",
            r: 4,
            cx: across(values[name]),
            cy: down(actual[state.output]),
          });
    }
    const now = texts ? texts.indexOf(state.values[name]) : state.values[name];
    if (now >= x.low && now <= x.high)
      svg(root, "circle", {
        class: "now",
        r: 6,
        cx: across(now),
        cy: down(answer.scores[state.output]),
      });
  });
  find("chart").replaceChildren(root);
  const notes = ["Large point: these values."];
  if (!isAlone) notes.push("Along each curve the other columns keep their values.");
  if (curves.some((curve) => curve.feature.trained))
    notes.push("Dashed: outside the training range.");
  if (curves[0].ends[0]) notes.push(`Pale: the ${data.interval.level} interval.`);
  if (isAlone && hasRows) notes.push("Circles: the given rows.");
  const more = features.length - chosen.length;
  if (more) notes.push(`${count(more)} more ${more === 1 ? "column" : "columns"} not shown.`);
  find("note").textContent = notes.join(" ");
}

function showLoss() {
  const known = data.history.filter(([, loss]) => loss > 0);
  if (known.length < 2) return;
  find("loss").hidden = false;
  const width = Math.round(find("curve").clientWidth);
  const root = drawing(width, 222, "Loss of each epoch");
  const all = [...known, ...data.validation.filter(([, loss]) => loss > 0)].map(([, loss]) =>
    Math.log10(loss),
  );
  const [low, high] = [Math.floor(Math.min(...all)), Math.ceil(Math.max(...all))];
  const until = known.at(-1)[0];
  const powers = (first, end, most) =>
    Array.from({ length: end - first + 1 }, (_, n) => first + n)
      .filter((_, n, { length }) => n % Math.ceil(length / most) === 0)
      .map((n) => 10 ** n);
  const x = {
    low: 0,
    high: until,
    to: Math.log1p,
    label: "epoch",
    write: count,
    ticks: [0, ...powers(0, Math.floor(Math.log10(until)), 6)],
  };
  const y = {
    low: 10 ** low,
    high: 10 ** Math.max(high, low + 1),
    to: Math.log10,
    label: data.validation.length ? "loss; dashed: validation loss" : "loss",
    ticks: powers(low, Math.max(high, low + 1), 6),
  };
  const { across, path } = plot(root, { left: 52, top: 26, width: width - 84, height: 150 }, x, y);
  path(known, "line");
  path(
    data.validation.filter(([, loss]) => loss > 0),
    "line validation",
  );
  if (last > 0) {
    const at = across(Math.min(data.epochs[state.epoch], until));
    svg(root, "path", { class: "cursor", d: `M${at},26V176` });
  }
  find("curve").replaceChildren(root);
}

// The given rows with what the network of this epoch predicts.
function showRows() {
  if (!hasRows) return;
  find("rows").hidden = false;
  const answers = rows.map((each) => compute(each.values));
  const { name, label, first, end, classes } = targets.find((each) => state.output < each.end);
  const actual = ({ actual: scores }) => {
    const of = scores.slice(first, end);
    if (!classes.length) return format(of[0], 4);
    return of.length === 1 ? classes[Number(of[0] >= 0.5)] : classes[of.indexOf(Math.max(...of))];
  };
  const shown = features.slice(0, 4);
  const heads = ["", `actual ${label}`, "predicted", ...shown.map((each) => each.label)];
  const body = html(
    "tbody",
    {},
    ...rows.slice(0, 8).map((row, n) => {
      const take = html("button", {
        type: "button",
        textContent: String(n + 1),
        ariaLabel: `use the values of row ${n + 1}`,
      });
      take.onclick = () => {
        Object.assign(state.values, row.values);
        update();
        find("rows").querySelectorAll("button")[n].focus();
      };
      const predicted = answers[n].predicted[name];
      const cells = [
        actual(row),
        typeof predicted === "number" ? format(predicted, 4) : (predicted ?? "none"),
        ...shown.map((each) => row.values[each.name]),
      ];
      return html(
        "tr",
        {},
        html("td", { className: "left" }, take),
        ...cells.map((each) => html("td", {}, typeof each === "number" ? short(each) : each)),
      );
    }),
  );
  find("given").replaceChildren(table(heads, body));
  const errors = rows.map((each, n) => answers[n].scores[first] - each.actual[first]);
  const right = rows.filter((each, n) => answers[n].predicted[name] === actual(each)).length;
  const rmse = Math.hypot(...errors) / Math.sqrt(errors.length);
  find("error").textContent =
    (classes.length
      ? `Right for ${count(right)} of ${count(rows.length)} rows.`
      : `Root mean squared error of ${count(rows.length)} rows: ${format(rmse, 4)}.`) +
    " Press the number of a row to use its values.";
}

// The replay.
let playing = null;

function showEpoch() {
  if (last === 0) return;
  find("replay").hidden = false;
  const epoch = data.epochs[state.epoch];
  const point = data.history.find(([each]) => each === epoch);
  find("epoch").value = state.epoch;
  find("at").textContent =
    `epoch ${count(epoch)}${point ? `, loss ${point[1].toPrecision(3)}` : ""}`;
  find("play").textContent = playing === null ? "Play" : "Pause";
}

function pause() {
  clearInterval(playing);
  playing = null;
}

function play() {
  if (state.epoch === last) state.epoch = 0;
  playing = setInterval(() => {
    state.epoch += 1;
    if (state.epoch === last) pause();
    update();
  }, 400);
}

find("epoch").max = last;
find("epoch").oninput = () => {
  pause();
  state.epoch = find("epoch").valueAsNumber;
  update();
};
find("play").onclick = () => {
  if (playing === null) play();
  else pause();
  update();
};

function update() {
  answer = compute(state.values);
  features.forEach((each) => each.show());
  showEpoch();
  showScores();
  showNetwork();
  showResponse();
  showLoss();
  showRows();
}

find("output").append(...outputs.map((each, n) => html("option", { value: n }, each.name)));
find("output").hidden = outputs.length === 1;
find("output").onchange = () => {
  state.output = Number(find("output").value);
  update();
};
find("legend").textContent =
  "Circles: weighted sum (small) and output. Lines: weights; solid blue: positive; " +
  "dashed orange: negative; thicker: larger magnitude within the layer.";
makeFields();
let drawn = 0;
const draw = () => {
  if (drawn === document.documentElement.clientWidth) return;
  drawn = document.documentElement.clientWidth;
  drawNetwork();
  update();
};
draw();
addEventListener("resize", draw);

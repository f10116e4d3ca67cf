/* SPDX-License-Identifier: MIT */
/*
 * Curves as SVG: one picture for each key, one line for each run. A series is two lists, steps and
 * values; null is a gap. What was drawn once is redrawn only by whoever asks for it again.
 */

const SVG = "http://www.w3.org/2000/svg";
const PICTURE = {width: 480, height: 240, left: 68, right: 14, top: 10, bottom: 28};
const COLOURS = 8;

function svgElement(tag, attributes, text) {
	const made = document.createElementNS(SVG, tag);
	for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
	if (text !== undefined) made.textContent = text;
	return made;
}

/* Round numbers from low to high, about as many as wanted. */
function ticksOf(low, high, wanted) {
	const raw = (high - low) / wanted,
		power = 10 ** Math.floor(Math.log10(raw));
	const step = power * ([1, 2, 5].find((m) => m * power >= raw) || 10);
	const ticks = [];
	for (let i = Math.ceil(low / step); i <= Math.floor(high / step) && ticks.length < 20; i++)
		ticks.push(Number((i * step).toPrecision(12)));
	return ticks;
}

function rangeOf(lists, margin) {
	let low = Infinity,
		high = -Infinity;
	for (const list of lists)
		for (const n of list)
			if (n !== null) {
				low = Math.min(low, n);
				high = Math.max(high, n);
			}
	if (low > high) return null;
	if (low === high)
		return [low - (Math.abs(low) * 0.1 || 1), high + (Math.abs(high) * 0.1 || 1)];
	return [low - (high - low) * margin, high + (high - low) * margin];
}

function tickLabel(n) {
	const size = Math.abs(n);
	return size !== 0 && (size >= 1e6 || size < 1e-4)
		? n.toExponential().replace("e+", "e")
		: String(n);
}

function pathOf([steps, values], x, y) {
	let path = "",
		pen = "M",
		before = -Infinity;
	steps.forEach((step, i) => {
		/* Where the step goes back, a run was restarted: a new curve. */
		if (step === null || step < before) pen = "M";
		if (step === null) return;
		before = step;
		/* A point alone is seen by its round ends. */
		const dot = pen === "M" ? "h0" : "";
		path += `${pen}${x(step).toFixed(1)} ${y(values[i]).toFixed(1)}${dot}`;
		pen = "L";
	});
	return path;
}

function axes(svg, xs, ys, x, y) {
	const {width, height, left, right, top, bottom} = PICTURE;
	for (const tick of ticksOf(ys[0], ys[1], 5)) {
		svg.append(
			svgElement("path", {
				class: "grid",
				d: `M${left} ${y(tick).toFixed(1)}H${width - right}`,
			}),
			svgElement(
				"text",
				{x: left - 6, y: y(tick) + 4, "text-anchor": "end"},
				tickLabel(tick),
			),
		);
	}
	for (const tick of ticksOf(xs[0], xs[1], 6))
		if (Number.isInteger(tick))
			svg.append(
				svgElement(
					"text",
					{x: x(tick), y: height - 8, "text-anchor": "middle"},
					tickLabel(tick),
				),
			);
	svg.append(
		svgElement("path", {
			class: "grid",
			d: `M${left} ${top}V${height - bottom}H${width - right}`,
		}),
	);
}

/* lines: [{name, series, colour}] */
function picture(key, lines) {
	const {width, height, left, right, top, bottom} = PICTURE;
	const xs = rangeOf(
			lines.map((l) => l.series[0]),
			0,
		),
		ys = rangeOf(
			lines.map((l) => l.series[1]),
			0.05,
		);
	const last = lines[0].series[1].at(-1);
	const caption = element("figcaption", {}, key + " ");
	const svg = svgElement("svg", {
		viewBox: `0 0 ${width} ${height}`,
		role: "img",
		"aria-label": `curve of ${key}`,
	});

	if (lines.length === 1 && last !== undefined)
		caption.append(element("span", {}, shortNumber(last)));
	if (!xs || !ys) {
		svg.append(
			svgElement(
				"text",
				{x: width / 2, y: height / 2, "text-anchor": "middle"},
				"no finite values",
			),
		);
		return element("figure", {}, caption, svg);
	}
	const x = (n) => left + ((n - xs[0]) / (xs[1] - xs[0])) * (width - left - right);
	const y = (n) => top + ((ys[1] - n) / (ys[1] - ys[0])) * (height - top - bottom);
	axes(svg, xs, ys, x, y);
	for (const line of lines) {
		const path = svgElement("path", {
			class: `curve c${line.colour % COLOURS}`,
			d: pathOf(line.series, x, y),
		});
		path.append(svgElement("title", {}, line.name));
		svg.append(path);
	}
	return element("figure", {}, caption, svg);
}

/* runs: [{name, curves: {key: series}}]; what the system measured comes last. */
function pictures(runs) {
	const keys = [...new Set(runs.flatMap((run) => Object.keys(run.curves)))];
	const isSystem = (key) => key.startsWith("sys/");
	keys.sort((a, b) => isSystem(a) - isSystem(b) || (a < b ? -1 : a > b ? 1 : 0));
	if (!keys.length) return element("p", {class: "note"}, "No scalars.");
	return element(
		"div",
		{class: "curves"},
		...keys.map((key) =>
			picture(
				key,
				runs.flatMap((run, colour) =>
					Object.hasOwn(run.curves, key)
						? [
								{
									name: run.name,
									series: run.curves[key],
									colour,
								},
							]
						: [],
				),
			),
		),
	);
}

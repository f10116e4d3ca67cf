/* SPDX-License-Identifier: MIT */
/*
 * What there is to see of one run, a tab each, and of several. A tab is a function that fills an
 * element from the source (source.js); it may be asked again while the run is live.
 */

const IMAGE = /\.(png|jpe?g|gif|webp|svg|bmp|avif|ico)$/i;
const OUTPUT_TAIL = 1 << 16; /* bytes that one sees first */
const OUTPUT_KEPT = 1 << 20; /* characters in the page */

function note(...text) {
	return element("p", {class: "note"}, ...text);
}

/* A name and its value in each line. */
function factsTable(pairs) {
	const lines = pairs.map(([name, value]) =>
		element("tr", {}, element("th", {scope: "row"}, name), element("td", {}, value)),
	);
	return element("table", {class: "facts"}, element("tbody", {}, ...lines));
}

/* lines: lists of cells. */
function wideTable(label, headings, lines) {
	const head = element("tr", {}, ...headings);
	const body = lines.map((cells) => element("tr", {}, ...cells));
	return element(
		"div",
		{class: "wide"},
		element(
			"table",
			{"aria-label": label},
			element("thead", {}, head),
			element("tbody", {}, ...body),
		),
	);
}

function headingCell(kind, ...content) {
	return element("th", {scope: "col", class: kind}, ...content);
}

function nameCell(name) {
	return element("th", {scope: "row"}, name);
}

function numberCell(text, title) {
	return element("td", {class: "number", title}, text);
}

function textOf(value) {
	if (value === null) return "";
	if (typeof value === "boolean") return value ? "yes" : "no";
	return typeof value === "object" ? JSON.stringify(value, null, 1) : String(value);
}

/* --- one run ------------------------------------------------------------------ */

/* Where there is only a table: its row. */
function cellsTab(run, into) {
	const pairs = run.headings.map((heading, at) => [heading, run.row[at] ?? ""]);
	into.replaceChildren(factsTable(pairs.filter(([, text]) => text !== "")));
}

function scalarsTable(scalars) {
	const names = ["last", "min", "max", "first", "avg"];
	/* null is NaN; an infinity is its name. */
	const shown = (value) =>
		value === null ? "nan" : typeof value === "string" ? value : shortNumber(value);
	const headings = [...names, "step"].map((name) => headingCell("number", name));
	const lines = Object.entries(scalars).map(([key, all]) => [
		nameCell(key),
		...names.map((name) => numberCell(shown(all[name][0]), textOf(all[name][0]))),
		numberCell(String(all.last[1])),
	]);
	return wideTable("Scalars", [headingCell(null, "scalar"), ...headings], lines);
}

/* Maps have a table of their own; what there is nothing of is left out. */
async function infoTab(run, into, source) {
	const {flags, scalars, ...rest} = await source.info(run.id);
	const plain = [];
	const parts = [];
	for (const [name, value] of Object.entries(rest)) {
		if (Array.isArray(value)) plain.push([name, value.map(textOf).join("\n")]);
		else if (value !== null && typeof value === "object") parts.push([name, value]);
		else plain.push([name, textOf(value)]);
	}
	const mapTable = (map) =>
		factsTable(Object.entries(map).map(([name, value]) => [name, textOf(value)]));
	const part = (name, content) => [element("h3", {}, name), content];
	const isEmpty = (map) => Object.keys(map).length === 0;
	into.replaceChildren(
		...part("Flags", isEmpty(flags) ? note("No flags.") : mapTable(flags)),
		...(isEmpty(scalars) ? [] : part("Scalars", scalarsTable(scalars))),
		...part("Run", factsTable(plain.filter(([, text]) => text !== ""))),
		...parts
			.filter(([, map]) => !isEmpty(map))
			.flatMap(([name, map]) => part(name, mapTable(map))),
	);
}

async function curvesTab(run, into, source) {
	const curves = await source.curves(run.id);
	into.replaceChildren(pictures([{name: run.id.slice(0, 8), curves}]));
}

function fileLink(run, source, path, text = path) {
	const href = source.fileUrl(run.id, path);
	return element("a", {href, target: "_blank", rel: "noopener"}, text);
}

/* Puts what is new behind what is there, and stays at the end when that was in sight. */
function appendOutput(pre, text) {
	const atEnd = pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 4;
	pre.append(text);
	if (pre.textContent.length > 2 * OUTPUT_KEPT)
		pre.textContent = "[…]\n" + pre.textContent.slice(-OUTPUT_KEPT);
	if (atEnd) pre.scrollTop = pre.scrollHeight;
}

async function outputTab(run, into, source) {
	const path = ".guild/output";
	if (!run.output) {
		const pre = element("pre", {tabindex: "0", "aria-label": "output"});
		run.output = {next: null, decoder: new TextDecoder(), pre};
		into.replaceChildren(note(fileLink(run, source, path, "All of it")), pre);
	}
	const output = run.output;
	const part = await source.fileFrom(run.id, path, output.next ?? -OUTPUT_TAIL);
	if (part.restarted) {
		output.next = null;
		output.pre.textContent = "";
		return;
	}
	if (output.next === null && part.from > 0) output.pre.append("[…]\n");
	output.next = part.from + part.bytes.byteLength;
	appendOutput(output.pre, output.decoder.decode(part.bytes, {stream: true}));
}

async function filesTab(run, into, source) {
	const {files, more} = await source.files(run.id);
	const lines = files.map(({path, type, size, target}) =>
		type === "file"
			? [
					element("td", {}, fileLink(run, source, path)),
					numberCell(String(size)),
					element("td", {}),
				]
			: [
					element("td", {}, path),
					numberCell(""),
					element(
						"td",
						{},
						type === "link" ? `link to ${target}` : type,
					),
				],
	);
	into.replaceChildren(
		wideTable(
			"Files",
			[
				headingCell(null, "file"),
				headingCell("number", "bytes"),
				headingCell(null),
			],
			lines,
		),
		note(
			files.length ? "" : "No files.",
			more ? `Only the first ${files.length} are listed.` : "",
		),
	);
}

async function imagesTab(run, into, source) {
	const {files} = await source.files(run.id);
	const figures = files
		.filter(({path, type}) => type === "file" && IMAGE.test(path))
		.map(({path}) =>
			element(
				"figure",
				{},
				element("img", {
					src: source.fileUrl(run.id, path),
					alt: path,
					loading: "lazy",
				}),
				element("figcaption", {}, fileLink(run, source, path)),
			),
		);
	into.replaceChildren(
		figures.length ? element("div", {class: "images"}, ...figures) : note("No images."),
	);
}

/* again: what it shows may change while the run is live. appends: it fills what is shown. */
const TABS = {
	cells: {title: "Cells", fill: cellsTab, again: true},
	info: {title: "Overview", fill: infoTab, again: true},
	curves: {title: "Curves", fill: curvesTab, again: true},
	output: {title: "Output", fill: outputTab, again: true, appends: true},
	files: {title: "Files", fill: filesTab},
	images: {title: "Images", fill: imagesTab},
};

/* --- several runs ------------------------------------------------------------- */

function colourKey(colour) {
	const key = svgElement("svg", {class: "key", viewBox: "0 0 14 5", "aria-hidden": "true"});
	key.append(svgElement("path", {class: `curve c${colour % COLOURS}`, d: "M0 2.5H14"}));
	return key;
}

/* A run is a column here; lines in which all have the same are left out, and their ids. */
function differencesTable(headings, rows, names) {
	const lines = headings
		.map((heading, at) => [heading, rows.map((row) => row[at] ?? "")])
		.filter(([, cells], at) => at > 0 && cells.some((cell) => cell !== cells[0]))
		.map(([heading, cells]) => [
			nameCell(heading),
			...cells.map((text) =>
				element("td", {title: text}, shownCell(heading, text)),
			),
		]);
	const runs = names.map((name, colour) => headingCell(null, colourKey(colour), name));
	return wideTable("Differences", [headingCell(null), ...runs], lines);
}

/* SPDX-License-Identifier: MIT */
/*
 * What rows of text say: cells, which of them are numbers, how they are shown, and in which order
 * they stand. Knows nothing of the document but how to make an element.
 *
 * Whatever comes from a run becomes text of an element, never markup.
 */
"use strict";

function element(tag, attributes, ...children) {
	const made = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {})) {
		if (typeof value === "function") made.addEventListener(name, value);
		else if (value !== null && value !== undefined && value !== false)
			made.setAttribute(name, value === true ? "" : value);
	}
	made.append(...children.filter((child) => child !== null));
	return made;
}

const ESCAPES = {"\\t": "\t", "\\n": "\n", "\\\\": "\\"};

function cellsOf(line) {
	return line
		.split("\t")
		.map((cell) => cell.replace(/\\[tn\\]/g, (escape) => ESCAPES[escape]));
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const NOT_FINITE = {nan: NaN, inf: Infinity, "-inf": -Infinity};

/* Undefined for what is no number. */
function numberOf(text) {
	if (NUMBER.test(text)) return Number(text);
	return Object.hasOwn(NOT_FINITE, text) ? NOT_FINITE[text] : undefined;
}

/* Numbers as short as people read them; the whole of it stays in the cell's title. */
function shortNumber(number) {
	if (!Number.isFinite(number) || Number.isInteger(number)) return String(number);
	return String(Number(number.toPrecision(6)));
}

function localTime(text) {
	const time = new Date(text);
	if (Number.isNaN(time.getTime())) return text;
	const two = (n) => String(n).padStart(2, "0");
	return (
		`${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ` +
		`${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
	);
}

function shownCell(heading, text) {
	if (heading === "run") return text.slice(0, 8);
	if (heading === "started" || heading === "stopped") return localTime(text);
	const number = numberOf(text);
	return number === undefined || text.length <= 8 ? text : shortNumber(number);
}

/* By value where all are numbers, else as texts; what is empty, then NaN, comes last either way. */
function sorted(rows, column, descending) {
	const keyed = rows.map((row, at) => ({
		row,
		at,
		text: row[column] ?? "",
		number: numberOf(row[column] ?? ""),
	}));
	const byNumber = keyed.every((k) => k.text === "" || k.number !== undefined);
	const rank = (k) => (k.text === "" ? 2 : byNumber && Number.isNaN(k.number) ? 1 : 0);
	const compare = (a, b) =>
		byNumber
			? a.number < b.number
				? -1
				: a.number > b.number
					? 1
					: 0
			: a.text < b.text
				? -1
				: a.text > b.text
					? 1
					: 0;
	keyed.sort(
		(a, b) =>
			rank(a) - rank(b) ||
			(rank(a) === 0 ? (descending ? compare(b, a) : compare(a, b)) : 0) ||
			a.at - b.at,
	);
	return keyed.map((k) => k.row);
}

/* --- a filter without a server --------------------------------------------- */

const OPERATORS = {
	"=": (c) => c === 0,
	"!=": (c) => c !== 0,
	"<": (c) => c < 0,
	"<=": (c) => c <= 0,
	">": (c) => c > 0,
	">=": (c) => c >= 0,
};

function unquoted(text) {
	const quote = text[0];
	return (quote === '"' || quote === "'") && text.length > 1 && text.endsWith(quote)
		? text.slice(1, -1)
		: text;
}

/* Against a number by value, else as texts; NaN when the two cannot be compared. */
function compareValues(cell, value) {
	const a = numberOf(cell),
		b = numberOf(value);
	if (a !== undefined && b !== undefined) return a < b ? -1 : a > b ? 1 : a === b ? 0 : NaN;
	return cell < value ? -1 : cell > value ? 1 : 0;
}

function comparison(name, operator, value, headings) {
	const column = headings.indexOf(name);
	if (column < 0) throw new Error(`there is no column '${name}'`);
	return (row) => {
		const cell = row[column] ?? "";
		if (cell === "") return operator === "!=";
		/* A run is known by the beginning of its id. */
		if (name === "run" && operator === "=") return cell.startsWith(value);
		return OPERATORS[operator](compareValues(cell, value));
	};
}

/*
 * Words (or "phrases") that some cell of the row has, and comparisons NAME OP VALUE; a row has to
 * have them all. Throws what is wrong with it.
 */
function plainFilter(text, headings) {
	const quoted = `"[^"]*"|'[^']*'`,
		bare = `[^\\s"'=!<>]+`;
	const term = new RegExp(
		`\\s*(?:(${quoted}|${bare})\\s*(!=|<=|>=|=|<|>)\\s*(${quoted}|${bare})` +
			`|(${quoted}|${bare}))\\s*`,
		"y",
	);
	const tests = [];
	while (term.lastIndex < text.length) {
		const from = term.lastIndex,
			found = term.exec(text);
		if (!found) {
			if (text.slice(from).trim() === "") break;
			throw new Error(
				`cannot read '${text.slice(from).trim()}': ` +
					"words, or comparisons as loss < 0.5 are needed",
			);
		}
		if (found[2]) {
			tests.push(
				comparison(
					unquoted(found[1]),
					found[2],
					unquoted(found[3]),
					headings,
				),
			);
		} else {
			const word = unquoted(found[4]).toLowerCase();
			tests.push((row) => row.some((cell) => cell.toLowerCase().includes(word)));
		}
	}
	return (row) => tests.every((test) => test(row));
}

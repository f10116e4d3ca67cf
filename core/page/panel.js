/* SPDX-License-Identifier: MIT */
/* What is shown beside the table: one run, in tabs (tabs.js), or several compared. */

const LIVE = ["running", "pending", "staged"];

function runName(row) {
	return row[0].slice(0, 8) + (row[LABEL_COLUMN] ? " " + row[LABEL_COLUMN] : "");
}

class Panel {
	constructor(section, source, {closed, failed}) {
		this.section = section;
		this.source = source;
		this.closed = closed;
		this.failed = failed;
		this.tab = source.tabs[0];
		this.run = null;
		this.compared = null;
	}

	close() {
		this.section.hidden = true;
		this.run = this.compared = null;
		this.closed();
	}

	frame(title, ...content) {
		const click = () => this.close();
		const button = element(
			"button",
			{type: "button", "aria-label": "close", click},
			"✕",
		);
		const heading = element("h2", {id: "panel-title"}, title);
		this.section.replaceChildren(
			element("div", {class: "head"}, heading, button),
			...content,
		);
		this.section.hidden = false;
	}

	openRun(id, headings, row) {
		this.compared = null;
		this.run = {id, headings, row};
		const tabs = this.source.tabs.map((name) => {
			const id = `tab-${name}`;
			const attributes = {
				type: "button",
				role: "tab",
				id,
				"aria-controls": "tab-panel",
			};
			const click = () => this.openTab(name);
			return element("button", {...attributes, click}, TABS[name].title);
		});
		const keydown = (event) => this.onTabKey(event);
		this.frame(
			`${row[1]} ${runName(row)}`,
			element("div", {class: "bar", role: "tablist", keydown}, ...tabs),
			element("div", {id: "tab-panel", role: "tabpanel"}),
		);
		this.openTab(this.tab);
	}

	openTab(name) {
		this.tab = name;
		for (const button of this.section.querySelectorAll("[role=tab]")) {
			const selected = button.id === `tab-${name}`;
			button.setAttribute("aria-selected", String(selected));
			button.tabIndex = selected ? 0 : -1;
		}
		const shown = this.section.querySelector("#tab-panel");
		shown.setAttribute("aria-labelledby", `tab-${name}`);
		shown.replaceChildren();
		const {id, headings, row} = this.run;
		this.run = {id, headings, row, tab: TABS[name], shown};
		this.fill();
	}

	onTabKey(event) {
		const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
		if (!step) return;
		const names = this.source.tabs;
		this.openTab(names[(names.indexOf(this.tab) + step + names.length) % names.length]);
		this.section.querySelector(`#tab-${this.tab}`).focus();
	}

	/* One after the other; what was asked for a tab that is not shown any more is dropped. */
	async fill() {
		const run = this.run;
		run.missed = run.busy;
		if (run.busy) return;
		const into = run.tab.appends ? run.shown : element("div");
		run.busy = true;
		try {
			await run.tab.fill(run, into, this.source);
			if (this.run !== run) return;
			if (into !== run.shown) run.shown.replaceChildren(...into.childNodes);
		} catch (error) {
			if (this.run === run) this.failed(error);
		} finally {
			run.busy = false;
			if (run.missed && this.run === run) this.fill();
		}
	}

	/* The table has been read again: what a live run has may be more. */
	refresh(headings, rowOf) {
		if (!this.run) return;
		const row = rowOf(this.run.id);
		if (!row) return;
		const wasLive = LIVE.includes(this.run.row[STATUS_COLUMN]);
		Object.assign(this.run, {headings, row});
		if (this.run.tab.again && wasLive) this.fill();
	}

	async compare(ids, headings, rowOf) {
		const rows = ids.map(rowOf).filter(Boolean);
		const comparing = (this.compared = {});
		this.run = null;
		if (rows.length < 2) {
			this.close();
			return;
		}
		const names = rows.map(runName);
		const shown = element("div", {}, note("Reading curves…"));
		this.frame(
			`${rows.length} runs compared`,
			differencesTable(headings, rows, names),
			element("h3", {}, "Curves"),
			shown,
		);
		try {
			const read = await Promise.all(
				rows.map((row) => this.source.curves(row[0])),
			);
			const runs = read.map((curves, at) => ({name: names[at], curves}));
			if (this.compared === comparing) shown.replaceChildren(pictures(runs));
		} catch (error) {
			this.failed(error);
		}
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * The table of runs: which are shown, in which order, which one is looked at and which are chosen
 * to be compared. It tells `opened` and `chosen` when somebody does that.
 */

const CORE_COLUMNS = 6; /* run operation started time status label: always there */
const STATUS_COLUMN = 4;
const LABEL_COLUMN = 5;
const ROWS_AT_ONCE = 200;

class RunTable {
	constructor(section, {opened, chosen}) {
		this.section = section;
		this.head = section.querySelector("thead");
		this.body = section.querySelector("tbody");
		this.opened = opened;
		this.chosen = chosen;
		this.headings = [];
		this.rows = [];
		this.chosenIds = new Set();
		this.currentId = null;
		this.sortedBy = null; /* {heading, descending}; null: newest first */
		this.limit = ROWS_AT_ONCE;
		section.addEventListener("scroll", () => this.showMore());
		this.body.addEventListener("focusin", (event) => this.onFocus(event));
		this.body.addEventListener("keydown", (event) => this.onKey(event));
		this.body.addEventListener("click", (event) => this.onClick(event));
		this.body.addEventListener("change", (event) => this.onChoose(event));
	}

	/* Rows as lists of cells, newest first. */
	show(headings, rows) {
		this.headings = headings;
		this.rows = rows;
		this.render();
	}

	row(id) {
		return this.rows.find((row) => row[0] === id);
	}

	ordered() {
		const column = this.sortedBy ? this.headings.indexOf(this.sortedBy.heading) : -1;
		return column < 0 ? this.rows : sorted(this.rows, column, this.sortedBy.descending);
	}

	/* Those in which some run has something. */
	columns() {
		return this.headings
			.map((heading, at) => at)
			.filter((at) => at < CORE_COLUMNS || this.rows.some((row) => row[at]));
	}

	render() {
		const focused = document.activeElement?.closest?.("tr[data-id]")?.dataset.id;
		const columns = this.columns();
		this.order = this.ordered();
		this.head.replaceChildren(this.headRow(columns));
		this.body.replaceChildren(
			...this.order.slice(0, this.limit).map((row) => this.bodyRow(row, columns)),
		);
		const first =
			this.rowElement(focused) ||
			this.rowElement(this.currentId) ||
			this.body.firstElementChild;
		if (first) first.tabIndex = 0;
		if (focused && first) first.focus({preventScroll: true});
	}

	headRow(columns) {
		return element(
			"tr",
			{},
			element("th", {scope: "col", "aria-label": "compare"}),
			...columns.map((at) => {
				const heading = this.headings[at];
				const order =
					this.sortedBy?.heading === heading &&
					(this.sortedBy.descending ? "descending" : "ascending");
				return element(
					"th",
					{scope: "col", "aria-sort": order},
					element(
						"button",
						{type: "button", click: () => this.sortBy(heading)},
						heading,
					),
				);
			}),
		);
	}

	bodyRow(row, columns) {
		const id = row[0];
		const box = element("input", {
			type: "checkbox",
			tabindex: "-1",
			"aria-label": `compare ${id.slice(0, 8)}`,
		});
		box.checked = this.chosenIds.has(id);
		return element(
			"tr",
			{
				"data-id": id,
				tabindex: "-1",
				"aria-current": id === this.currentId && "true",
			},
			element("td", {}, box),
			...columns.map((at) => {
				const text = row[at] ?? "",
					heading = this.headings[at];
				const kind =
					at === 0
						? "id"
						: at === STATUS_COLUMN
							? text
							: numberOf(text) !== undefined
								? "number"
								: null;
				return element(
					"td",
					{class: kind, title: text || null},
					shownCell(heading, text),
				);
			}),
		);
	}

	rowElement(id) {
		return id ? [...this.body.children].find((tr) => tr.dataset.id === id) : undefined;
	}

	/* First as the values rise, then as they fall, then newest first again. */
	sortBy(heading) {
		const by = this.sortedBy;
		this.sortedBy =
			by?.heading !== heading
				? {heading, descending: false}
				: by.descending
					? null
					: {heading, descending: true};
		this.limit = ROWS_AT_ONCE;
		this.render();
		[...this.head.querySelectorAll("button")]
			.find((b) => b.textContent === heading)
			?.focus();
	}

	showMore() {
		const {scrollTop, clientHeight, scrollHeight} = this.section;
		if (this.limit >= this.order.length || scrollTop + 2 * clientHeight < scrollHeight)
			return;
		const columns = this.columns();
		this.body.append(
			...this.order
				.slice(this.limit, this.limit + ROWS_AT_ONCE)
				.map((row) => this.bodyRow(row, columns)),
		);
		this.limit += ROWS_AT_ONCE;
	}

	setCurrent(id) {
		this.rowElement(this.currentId)?.removeAttribute("aria-current");
		this.currentId = id;
		this.rowElement(id)?.setAttribute("aria-current", "true");
	}

	focusRow(tr) {
		if (!tr) return;
		tr.focus();
		this.showMore();
	}

	/* Tab comes to one row only: the one that had the focus last. */
	onFocus(event) {
		for (const other of this.body.querySelectorAll("tr[tabindex='0']"))
			other.tabIndex = -1;
		event.target.closest("tr").tabIndex = 0;
	}

	/* Where the focus was when it left the table. */
	focusLast() {
		this.focusRow(
			this.body.querySelector("tr[tabindex='0']") || this.body.firstElementChild,
		);
	}

	choose(id, on) {
		if (on) this.chosenIds.add(id);
		else this.chosenIds.delete(id);
		const box = this.rowElement(id)?.querySelector("input");
		if (box) box.checked = on;
		this.chosen([...this.chosenIds]);
	}

	onChoose(event) {
		this.choose(event.target.closest("tr").dataset.id, event.target.checked);
	}

	onClick(event) {
		const tr = event.target.closest("tr");
		if (!tr || event.target.closest("input")) return;
		this.focusRow(tr);
		this.opened(tr.dataset.id);
	}

	onKey(event) {
		const tr = event.target.closest("tr");
		const moves = {
			ArrowDown: tr.nextElementSibling,
			ArrowUp: tr.previousElementSibling,
			Home: this.body.firstElementChild,
			End: this.body.lastElementChild,
		};
		if (event.ctrlKey || event.altKey || event.metaKey) return;
		if (Object.hasOwn(moves, event.key)) this.focusRow(moves[event.key]);
		else if (event.key === "Enter") this.opened(tr.dataset.id);
		else if (event.key === " ")
			this.choose(tr.dataset.id, !this.chosenIds.has(tr.dataset.id));
		else return;
		event.preventDefault();
	}
}

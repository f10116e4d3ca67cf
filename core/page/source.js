/* SPDX-License-Identifier: MIT */
/*
 * Where the page has its runs from: a server (guild view), which is asked again and again, or what
 * was put into the page when it was made (index.html of the mount).
 */

class Kept {
	constructor(data) {
		this.data = data;
		this.tabs = ["cells", "curves"];
		this.rows = data.rows.map(cellsOf);
		this.headings = cellsOf(data.heading);
		const more =
			`The newest ${data.rows.length} of ${data.total} runs; ` +
			"index.tsv beside this page has all. ";
		this.hint =
			"Words that some column has, and comparisons, all of which have to hold: " +
			'train loss<0.5 status!=error label="my best". ' +
			(data.total > data.rows.length ? more : "") +
			"Curves are thinned out, without losing peaks. " +
			"Load the page again for what is new.";
	}

	async table(filter) {
		return {
			headings: this.headings,
			total: this.rows.length,
			rows: this.rows.filter(plainFilter(filter, this.headings)),
		};
	}

	async curves(id) {
		return Object.hasOwn(this.data.curves, id) ? this.data.curves[id] : {};
	}
}

class Served {
	constructor() {
		this.tabs = ["info", "curves", "output", "files", "images"];
		this.seconds = 2; /* between two looks */
		this.hint =
			"Filter as in guild runs -F: " +
			"operation = train and (loss < 0.5 or label contains best).";
	}

	async ask(path, headers = {}) {
		let answer;
		try {
			answer = await fetch(path, {headers, cache: "no-store"});
		} catch {
			throw new Error("guild view does not answer: has it ended?");
		}
		if (answer.ok || answer.status === 304 || answer.status === 416) return answer;
		throw new Error((await answer.text()).trim() || answer.statusText);
	}

	async json(path) {
		return (await this.ask(path)).json();
	}

	/* null: as it was the last time. */
	async table(filter) {
		const seen = this.seen?.filter === filter ? {"If-None-Match": this.seen.tag} : {};
		const answer = await this.ask(
			`runs.json?filter=${encodeURIComponent(filter)}`,
			seen,
		);
		if (answer.status === 304) return null;
		const {heading, rows, total} = await answer.json();
		this.seen = {filter, tag: answer.headers.get("ETag")};
		return {headings: cellsOf(heading), rows: rows.map(cellsOf), total};
	}

	info(id) {
		return this.json(`run/${id}/info.json`);
	}
	curves(id) {
		return this.json(`run/${id}/curves.json`);
	}
	files(id) {
		return this.json(`run/${id}/files.json`);
	}

	fileUrl(id, path) {
		return `run/${id}/file/${path.split("/").map(encodeURIComponent).join("/")}`;
	}

	/* From that byte on; a negative number is so many from the end. */
	async fileFrom(id, path, from) {
		const answer = await this.ask(this.fileUrl(id, path), {
			Range: from < 0 ? `bytes=${from}` : `bytes=${from}-`,
		});
		const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(
			answer.headers.get("Content-Range") || "",
		);
		if (answer.status === 416) {
			const size = range ? Number(range[2]) : 0;
			return {from: size, bytes: new Uint8Array(), restarted: from > size};
		}
		return {
			from: range ? Number(range[1]) : 0,
			bytes: new Uint8Array(await answer.arrayBuffer()),
		};
	}
}

/* SPDX-License-Identifier: MIT */
/* The page as a whole: the filter, what is open, and looking again for what is new. */

function start() {
	const data = JSON.parse(document.getElementById("data").textContent);
	const source = data.live ? new Served() : new Kept(data);
	const byId = (id) => document.getElementById(id);
	const filter = byId("filter"),
		error = byId("error");
	const isOpen = () => !byId("panel").hidden;
	const rowOf = (id) => table.row(id);

	const fail = (reason) => {
		error.hidden = !reason;
		error.textContent = reason ? reason.message : "";
	};
	const panel = new Panel(byId("panel"), source, {
		failed: fail,
		closed: () => {
			table.setCurrent(null);
			table.focusLast();
		},
	});
	const table = new RunTable(byId("runs"), {
		opened: (id) => {
			table.setCurrent(id);
			panel.openRun(id, table.headings, table.row(id));
		},
		chosen: (ids) => {
			if (ids.length < 2 && !panel.compared) return;
			table.setCurrent(null);
			panel.compare(ids, table.headings, rowOf);
		},
	});

	let asked = 0;
	const look = async () => {
		const question = ++asked;
		try {
			const answer = await source.table(filter.value.trim());
			if (question !== asked) return;
			fail(null);
			if (answer) {
				table.show(answer.headings, answer.rows);
				byId("count").textContent =
					answer.rows.length === answer.total
						? `${answer.total} runs`
						: `${answer.rows.length} of ${answer.total} runs`;
			}
			if (isOpen()) panel.refresh(table.headings, rowOf);
		} catch (reason) {
			if (question === asked) fail(reason);
		}
	};

	document.title = data.title;
	byId("title").textContent = data.title;
	byId("hint").textContent =
		source.hint +
		" Keys: / filter, arrows, Enter opens, space compares, Escape closes.";
	byId("filter-form").addEventListener("submit", (event) => event.preventDefault());
	/* A server is asked when the expression is complete, by Enter or on leaving the field. */
	filter.addEventListener(data.live ? "change" : "input", look);
	document.addEventListener("keydown", (event) => {
		if (event.target.closest("#filter")) return;
		if (event.key === "Escape" && isOpen()) {
			panel.close();
		} else if (event.key === "/") {
			event.preventDefault();
			filter.focus();
		}
	});
	look();
	if (source.seconds) setInterval(() => document.hidden || look(), source.seconds * 1000);
}

start();

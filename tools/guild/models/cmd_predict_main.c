/* SPDX-License-Identifier: MIT */
/*
 * guild predict-main: the process of a prediction (run/deploy.h), in its run directory. It makes
 * prediction.request, a request as Vertex AI takes it, of prediction.inputs: the same, a JSON list
 * of instances, or a JSON instance on each line, as Cloud ML Engine took them. The answer is
 * prediction.results. Started by the supervisor.
 */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "models/gcloud.h"
#include "run/attr.h"
#include "yaml/json.h"
#include "yaml/yaml.h"

#define INPUTS  "prediction.inputs"
#define REQUEST "prediction.request"
#define RESULTS "prediction.results"
/* What the service takes is less. */
#define INPUTS_MAX ((size_t)64 << 20)

/* --- the request ---------------------------------------------------------------------- */

static int add_line(struct value *list, const char *line, size_t len)
{
	struct value *instance = NULL;

	if (strspn(line, " \t\r") >= len)
		return 0;
	if (yaml_parse(line, len, &instance, NULL) < 0)
		return -EINVAL;
	return value_list_add(list, instance);
}

/* One on each line. -EINVAL with a sentence. */
static int read_lines(const char *text, struct value *list, struct err *err)
{
	for (int number = 1; *text; number++) {
		size_t len = strcspn(text, "\n");
		int r = add_line(list, text, len);

		if (r == -EINVAL)
			return err_set(err, r, INPUTS ": line %d is no JSON value", number);
		if (r < 0)
			return r;
		text += len + (text[len] == '\n');
	}
	return 0;
}

static int make_request(const struct buf *inputs, struct buf *request, struct err *err)
{
	_cleanup_value_ struct value *whole = NULL, *list = NULL;
	_cleanup_buf_ struct buf instances = BUF_INIT;
	int r = yaml_parse(buf_str(inputs), inputs->len, &whole, NULL);

	if (r == 0 && value_get(whole, "instances")) {
		buf_add(request, inputs->data, inputs->len);
		return buf_error(request);
	}
	list = r == 0 && whole->type == VALUE_LIST ? STEAL(whole) : value_list();
	if (!list)
		return -ENOMEM;
	if (!list->list.n)
		r = read_lines(buf_str(inputs), list, err);
	if (r == 0 && !list->list.n)
		r = err_set(err, -EINVAL, INPUTS " has no instances");
	json_emit_exact(&instances, list);
	buf_printf(request, "{\"instances\": %s}\n", buf_str(&instances));
	return r < 0 ? r : buf_error(request);
}

static int write_request(void)
{
	_cleanup_buf_ struct buf inputs = BUF_INIT, request = BUF_INIT;
	struct err err = ERR_INIT;
	int r = file_read(AT_FDCWD, INPUTS, INPUTS_MAX, &inputs);

	if (r < 0)
		return complain("cannot read " INPUTS ": %s", strerror(-r));
	r = make_request(&inputs, &request, &err);
	if (r < 0)
		return complain("%s", err_text(&err));
	r = file_write(AT_FDCWD, REQUEST, request.data, request.len, 0644, FILE_NOSYNC);
	return r < 0 ? complain("cannot write " REQUEST ": %s", strerror(-r)) : EXIT_OK;
}

/* --- the question ---------------------------------------------------------------------- */

/* Where, by the deployment: its flags and what it has made. */
static int read_deployment(struct guild *g, struct value **ret_flags, struct value **ret_made)
{
	_cleanup_close_ int own_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	_cleanup_value_ struct value *own = NULL;
	const char *id;
	int status = guild_open_home(g);

	if (status != EXIT_OK)
		return status;
	own = own_fd < 0 ? NULL : attr_read_or_empty(own_fd, "flags", VALUE_MAP);
	id = value_str(value_get(own, "deployment"));
	fd = id ? home_open_run(g->home, id) : -ENOENT;
	if (fd < 0 || attr_read(fd, "flags", ret_flags, NULL) < 0 ||
		attr_read(fd, "deployment", ret_made, NULL) < 0 ||
		!value_str(value_get(*ret_made, "endpoint")))
		return complain("deployment %s does not say which endpoint it has", id ? id : "");
	return EXIT_OK;
}

static int ask_endpoint(const struct value *flags, const struct value *made)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	_cleanup_value_ struct value *answer = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int status, r;

	gcloud_command(&c, "ai endpoints predict");
	gcloud_word(&c, gcloud_id(value_str(value_get(made, "endpoint"))));
	gcloud_option(&c, "project", value_str(value_get(flags, "project")));
	gcloud_option(&c, "region", value_str(value_get(flags, "region")));
	gcloud_option(&c, "json-request", REQUEST);
	status = gcloud_run(&c, &answer);
	if (status != EXIT_OK)
		return status;
	json_emit_indented(&text, answer);
	buf_putc(&text, '\n');
	r = buf_error(&text);
	if (r == 0)
		r = file_write(AT_FDCWD, RESULTS, text.data, text.len, 0644, FILE_NOSYNC);
	if (r < 0)
		return complain("cannot write " RESULTS ": %s", strerror(-r));
	fputs(buf_str(&text), stdout);
	return EXIT_OK;
}

static int predict_main(struct guild *g, void *options, const struct strv *args)
{
	_cleanup_value_ struct value *flags = NULL, *made = NULL;
	const char *dir = getenv("RUN_DIR");
	int status;

	(void)options, (void)args;
	if (!dir)
		return complain("predict-main is started by a prediction's run, not by hand");
	if (chdir(dir) < 0)
		return complain("cannot read run %s: %s", dir, strerror(errno));
	status = read_deployment(g, &flags, &made);
	if (status == EXIT_OK)
		status = write_request();
	return status == EXIT_OK ? ask_endpoint(flags, made) : status;
}

static const struct option_def no_options[] = {{0}};

const struct command cmd_predict_main = {
	.name = "predict-main",
	.usage = "predict-main",
	.options = no_options,
	.options_size = 1,
	.run = predict_main,
};
